CREATE SCHEMA "chat";
--> statement-breakpoint
CREATE TYPE "chat"."change_kind" AS ENUM('MESSAGE_ADDED', 'MESSAGE_EDITED', 'MESSAGE_DELETED', 'REACTIONS_CHANGED', 'PARTICIPANT_ADDED', 'PARTICIPANT_CHANGED', 'PARTICIPANT_REMOVED', 'CONVERSATION_CHANGED', 'PINS_CHANGED');--> statement-breakpoint
CREATE TYPE "chat"."conversation_kind" AS ENUM('DIRECT', 'GROUP');--> statement-breakpoint
CREATE TYPE "chat"."conversation_role" AS ENUM('OWNER', 'ADMIN', 'MEMBER');--> statement-breakpoint
CREATE TYPE "chat"."member_status" AS ENUM('ACTIVE', 'SUSPENDED', 'REMOVED');--> statement-breakpoint
CREATE TYPE "chat"."message_kind" AS ENUM('TEXT', 'SYSTEM');--> statement-breakpoint
CREATE TYPE "chat"."notify_level" AS ENUM('ALL', 'MENTIONS', 'NONE');--> statement-breakpoint
CREATE TABLE "chat"."change_log" (
	"conversation_id" uuid NOT NULL,
	"number" bigint NOT NULL,
	"organization_id" uuid,
	"kind" "chat"."change_kind" NOT NULL,
	"message_id" uuid,
	"seq" bigint,
	"participant_id" uuid,
	"user_id" uuid,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "change_log_key" PRIMARY KEY("conversation_id","number")
);
--> statement-breakpoint
ALTER TABLE "chat"."change_log" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "chat"."conversations" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid,
	"kind" "chat"."conversation_kind" NOT NULL,
	"pair" text,
	"name" text,
	"topic" text,
	"subject_type" text,
	"subject_id" text,
	"created_by_id" uuid NOT NULL,
	"last_seq" bigint DEFAULT 0 NOT NULL,
	"last_change" bigint DEFAULT 0 NOT NULL,
	"participant_count" integer DEFAULT 0 NOT NULL,
	"history_for_newcomers" boolean DEFAULT true NOT NULL,
	"only_admins_post" boolean DEFAULT false NOT NULL,
	"only_admins_invite" boolean DEFAULT false NOT NULL,
	"receipts" boolean DEFAULT true NOT NULL,
	"retention_days" integer,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"archived_at" timestamp (3) with time zone,
	CONSTRAINT "conversations_direct_has_pair" CHECK (("chat"."conversations"."kind" = 'DIRECT') = ("chat"."conversations"."pair" is not null)),
	CONSTRAINT "conversations_retention" CHECK ("chat"."conversations"."retention_days" between 1 and 3650)
);
--> statement-breakpoint
ALTER TABLE "chat"."conversations" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "chat"."dead_letter" (
	"id" uuid PRIMARY KEY NOT NULL,
	"consumer" text NOT NULL,
	"event_id" uuid NOT NULL,
	"name" text NOT NULL,
	"envelope" jsonb NOT NULL,
	"reason" text NOT NULL,
	"attempts" integer NOT NULL,
	"failed_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "chat"."idempotency" (
	"scope" text NOT NULL,
	"operation" text NOT NULL,
	"key" text NOT NULL,
	"input_hash" text NOT NULL,
	"answer" jsonb,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "idempotency_key" PRIMARY KEY("scope","operation","key")
);
--> statement-breakpoint
CREATE TABLE "chat"."inbox" (
	"consumer" text NOT NULL,
	"event_id" uuid NOT NULL,
	"received_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "inbox_key" PRIMARY KEY("consumer","event_id")
);
--> statement-breakpoint
CREATE TABLE "chat"."message_versions" (
	"message_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"conversation_id" uuid NOT NULL,
	"organization_id" uuid,
	"body" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "message_versions_key" PRIMARY KEY("message_id","version")
);
--> statement-breakpoint
ALTER TABLE "chat"."message_versions" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "chat"."messages" (
	"id" uuid PRIMARY KEY NOT NULL,
	"conversation_id" uuid NOT NULL,
	"organization_id" uuid,
	"seq" bigint NOT NULL,
	"kind" "chat"."message_kind" DEFAULT 'TEXT' NOT NULL,
	"author_id" uuid,
	"body" text,
	"body_hash" text NOT NULL,
	"client_message_id" text,
	"mentioned_user_ids" uuid[] DEFAULT '{}' NOT NULL,
	"mentions_all" boolean DEFAULT false NOT NULL,
	"reply_to_id" uuid,
	"thread_count" integer DEFAULT 0 NOT NULL,
	"system" jsonb,
	"pinned_at" timestamp (3) with time zone,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"edited_at" timestamp (3) with time zone,
	"deleted_at" timestamp (3) with time zone,
	"deleted_by_id" uuid
);
--> statement-breakpoint
ALTER TABLE "chat"."messages" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "chat"."outbox" (
	"position" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "chat"."outbox_position_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"event_id" uuid NOT NULL,
	"name" text NOT NULL,
	"key" text NOT NULL,
	"envelope" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"published_at" timestamp (3) with time zone,
	CONSTRAINT "outbox_event" UNIQUE("event_id")
);
--> statement-breakpoint
CREATE TABLE "chat"."participants" (
	"id" uuid PRIMARY KEY NOT NULL,
	"conversation_id" uuid NOT NULL,
	"organization_id" uuid,
	"user_id" uuid NOT NULL,
	"role" "chat"."conversation_role" DEFAULT 'MEMBER' NOT NULL,
	"joined_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"left_at" timestamp (3) with time zone,
	"suspended_at" timestamp (3) with time zone,
	"from_seq" bigint NOT NULL,
	"from_change" bigint NOT NULL,
	"last_read_seq" bigint DEFAULT 0 NOT NULL,
	"last_read_at" timestamp (3) with time zone,
	"unread_count" integer DEFAULT 0 NOT NULL,
	"mention_count" integer DEFAULT 0 NOT NULL,
	"unread_from" bigint,
	"notify" "chat"."notify_level" DEFAULT 'ALL' NOT NULL,
	"muted_until" timestamp (3) with time zone,
	"pinned" boolean DEFAULT false NOT NULL,
	"archived" boolean DEFAULT false NOT NULL,
	"draft" text,
	"activity_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "participants_counters" CHECK ("chat"."participants"."unread_count" >= 0 and "chat"."participants"."mention_count" >= 0)
);
--> statement-breakpoint
ALTER TABLE "chat"."participants" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "chat"."people" (
	"user_id" uuid PRIMARY KEY NOT NULL,
	"handle" text NOT NULL,
	"display_name" text NOT NULL,
	"version" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "chat"."reactions" (
	"message_id" uuid NOT NULL,
	"emoji" text NOT NULL,
	"user_id" uuid NOT NULL,
	"conversation_id" uuid NOT NULL,
	"organization_id" uuid,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "reactions_key" PRIMARY KEY("message_id","emoji","user_id")
);
--> statement-breakpoint
ALTER TABLE "chat"."reactions" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "chat"."tenant_members" (
	"organization_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"status" "chat"."member_status" NOT NULL,
	"epoch" integer NOT NULL,
	CONSTRAINT "tenant_members_key" PRIMARY KEY("organization_id","user_id")
);
--> statement-breakpoint
ALTER TABLE "chat"."tenant_members" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "chat"."change_log" ADD CONSTRAINT "change_log_conversation" FOREIGN KEY ("conversation_id") REFERENCES "chat"."conversations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chat"."message_versions" ADD CONSTRAINT "message_versions_conversation" FOREIGN KEY ("conversation_id") REFERENCES "chat"."conversations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chat"."messages" ADD CONSTRAINT "messages_conversation" FOREIGN KEY ("conversation_id") REFERENCES "chat"."conversations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chat"."participants" ADD CONSTRAINT "participants_conversation" FOREIGN KEY ("conversation_id") REFERENCES "chat"."conversations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chat"."reactions" ADD CONSTRAINT "reactions_conversation" FOREIGN KEY ("conversation_id") REFERENCES "chat"."conversations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "change_log_messages" ON "chat"."change_log" USING btree ("conversation_id","seq") WHERE "chat"."change_log"."kind" = 'MESSAGE_ADDED';--> statement-breakpoint
CREATE UNIQUE INDEX "conversations_pair" ON "chat"."conversations" USING btree ("pair");--> statement-breakpoint
CREATE INDEX "conversations_subject" ON "chat"."conversations" USING btree ("subject_type","subject_id","id");--> statement-breakpoint
CREATE INDEX "conversations_of_tenant" ON "chat"."conversations" USING btree ("organization_id","id");--> statement-breakpoint
CREATE INDEX "dead_letter_failed" ON "chat"."dead_letter" USING btree ("failed_at");--> statement-breakpoint
CREATE INDEX "idempotency_created" ON "chat"."idempotency" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "inbox_received" ON "chat"."inbox" USING btree ("received_at");--> statement-breakpoint
CREATE INDEX "message_versions_of_conversation" ON "chat"."message_versions" USING btree ("conversation_id");--> statement-breakpoint
CREATE UNIQUE INDEX "messages_place" ON "chat"."messages" USING btree ("conversation_id","seq");--> statement-breakpoint
CREATE UNIQUE INDEX "messages_client_id" ON "chat"."messages" USING btree ("conversation_id","author_id","client_message_id");--> statement-breakpoint
CREATE INDEX "messages_pinned" ON "chat"."messages" USING btree ("conversation_id","seq") WHERE "chat"."messages"."pinned_at" is not null;--> statement-breakpoint
CREATE INDEX "messages_by_author" ON "chat"."messages" USING btree ("conversation_id","author_id","created_at");--> statement-breakpoint
CREATE INDEX "messages_by_time" ON "chat"."messages" USING btree ("conversation_id","created_at","seq");--> statement-breakpoint
CREATE INDEX "messages_thread" ON "chat"."messages" USING btree ("conversation_id","reply_to_id","seq") WHERE "chat"."messages"."reply_to_id" is not null;--> statement-breakpoint
CREATE INDEX "outbox_waiting_by_key" ON "chat"."outbox" USING btree ("key","position") WHERE "chat"."outbox"."published_at" is null;--> statement-breakpoint
CREATE INDEX "outbox_waiting" ON "chat"."outbox" USING btree ("position") WHERE "chat"."outbox"."published_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "participants_live" ON "chat"."participants" USING btree ("conversation_id","user_id") WHERE "chat"."participants"."left_at" is null;--> statement-breakpoint
CREATE INDEX "participants_page" ON "chat"."participants" USING btree ("conversation_id","id") WHERE "chat"."participants"."left_at" is null;--> statement-breakpoint
CREATE INDEX "participants_list" ON "chat"."participants" USING btree ("user_id","archived","activity_at","id") WHERE "chat"."participants"."left_at" is null;--> statement-breakpoint
CREATE INDEX "participants_unread" ON "chat"."participants" USING btree ("user_id") WHERE "chat"."participants"."left_at" is null and ("chat"."participants"."unread_count" > 0 or "chat"."participants"."unread_from" is not null);--> statement-breakpoint
CREATE INDEX "people_handle" ON "chat"."people" USING btree ("handle");--> statement-breakpoint
CREATE INDEX "reactions_of_conversation" ON "chat"."reactions" USING btree ("conversation_id");--> statement-breakpoint
CREATE INDEX "reactions_of_person" ON "chat"."reactions" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "tenant_members_of_person" ON "chat"."tenant_members" USING btree ("user_id","organization_id");--> statement-breakpoint
CREATE POLICY "tenant_or_none_organization_id" ON "chat"."change_log" AS PERMISSIVE FOR ALL TO public USING (("chat"."change_log"."organization_id" is null or "chat"."change_log"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid)) WITH CHECK (("chat"."change_log"."organization_id" is null or "chat"."change_log"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "tenant_or_none_organization_id" ON "chat"."conversations" AS PERMISSIVE FOR ALL TO public USING (("chat"."conversations"."organization_id" is null or "chat"."conversations"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid)) WITH CHECK (("chat"."conversations"."organization_id" is null or "chat"."conversations"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "tenant_or_none_organization_id" ON "chat"."message_versions" AS PERMISSIVE FOR ALL TO public USING (("chat"."message_versions"."organization_id" is null or "chat"."message_versions"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid)) WITH CHECK (("chat"."message_versions"."organization_id" is null or "chat"."message_versions"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "tenant_or_none_organization_id" ON "chat"."messages" AS PERMISSIVE FOR ALL TO public USING (("chat"."messages"."organization_id" is null or "chat"."messages"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid)) WITH CHECK (("chat"."messages"."organization_id" is null or "chat"."messages"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "tenant_or_none_organization_id" ON "chat"."participants" AS PERMISSIVE FOR ALL TO public USING (("chat"."participants"."organization_id" is null or "chat"."participants"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid)) WITH CHECK (("chat"."participants"."organization_id" is null or "chat"."participants"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "tenant_or_none_organization_id" ON "chat"."reactions" AS PERMISSIVE FOR ALL TO public USING (("chat"."reactions"."organization_id" is null or "chat"."reactions"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid)) WITH CHECK (("chat"."reactions"."organization_id" is null or "chat"."reactions"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "person_reads_own" ON "chat"."tenant_members" AS PERMISSIVE FOR SELECT TO public USING ("chat"."tenant_members"."user_id" = nullif(current_setting('app.user_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "tenant_only_organization_id" ON "chat"."tenant_members" AS PERMISSIVE FOR ALL TO public USING ("chat"."tenant_members"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("chat"."tenant_members"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid);