CREATE SCHEMA "notifications";
--> statement-breakpoint
CREATE TYPE "notifications"."feed_entry_kind" AS ENUM('ADDED', 'UPDATED', 'REMOVED', 'COUNTS');--> statement-breakpoint
CREATE TYPE "notifications"."urgency" AS ENUM('LOW', 'NORMAL', 'HIGH', 'URGENT');--> statement-breakpoint
CREATE TABLE "notifications"."dead_letter" (
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
CREATE TABLE "notifications"."departures" (
	"organization_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"epoch" integer NOT NULL,
	"gone" boolean NOT NULL,
	CONSTRAINT "departures_key" PRIMARY KEY("organization_id","user_id")
);
--> statement-breakpoint
ALTER TABLE "notifications"."departures" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "notifications"."notification_facts" (
	"recipient_id" uuid NOT NULL,
	"domain" text NOT NULL,
	"dedupe_key" text NOT NULL,
	"notification_id" uuid NOT NULL,
	"seq" bigint NOT NULL,
	"content" jsonb,
	"withdrawn_at" timestamp (3) with time zone,
	CONSTRAINT "notification_facts_key" PRIMARY KEY("recipient_id","domain","dedupe_key")
);
--> statement-breakpoint
ALTER TABLE "notifications"."notification_facts" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "notifications"."feed_log" (
	"recipient_id" uuid NOT NULL,
	"seq" bigint NOT NULL,
	"kind" "notifications"."feed_entry_kind" NOT NULL,
	"notification_id" uuid,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "feed_log_key" PRIMARY KEY("recipient_id","seq")
);
--> statement-breakpoint
ALTER TABLE "notifications"."feed_log" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "notifications"."feed_heads" (
	"recipient_id" uuid PRIMARY KEY NOT NULL,
	"last_seq" bigint DEFAULT 0 NOT NULL,
	"unseen" integer DEFAULT 0 NOT NULL,
	"unread" integer DEFAULT 0 NOT NULL,
	"unread_by_category" jsonb DEFAULT '{}'::jsonb NOT NULL,
	CONSTRAINT "feed_heads_counts" CHECK ("notifications"."feed_heads"."unseen" >= 0 and "notifications"."feed_heads"."unread" >= "notifications"."feed_heads"."unseen")
);
--> statement-breakpoint
ALTER TABLE "notifications"."feed_heads" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "notifications"."inbox" (
	"consumer" text NOT NULL,
	"event_id" uuid NOT NULL,
	"received_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "inbox_key" PRIMARY KEY("consumer","event_id")
);
--> statement-breakpoint
CREATE TABLE "notifications"."notifications" (
	"id" uuid PRIMARY KEY NOT NULL,
	"recipient_id" uuid NOT NULL,
	"seq" bigint NOT NULL,
	"domain" text NOT NULL,
	"kind" text NOT NULL,
	"category" text NOT NULL,
	"urgency" "notifications"."urgency" NOT NULL,
	"organization_id" uuid,
	"data" jsonb NOT NULL,
	"actor_ids" uuid[] DEFAULT '{}' NOT NULL,
	"subject_type" text,
	"subject_id" text,
	"group_key" text,
	"group_open" boolean NOT NULL,
	"count" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"seen_at" timestamp (3) with time zone,
	"read_at" timestamp (3) with time zone,
	"archived_at" timestamp (3) with time zone,
	"snoozed_until" timestamp (3) with time zone,
	"expires_at" timestamp (3) with time zone,
	"stripped_at" timestamp (3) with time zone,
	CONSTRAINT "notifications_read_is_seen" CHECK ("notifications"."notifications"."read_at" is null or "notifications"."notifications"."seen_at" is not null),
	CONSTRAINT "notifications_one_place" CHECK ("notifications"."notifications"."archived_at" is null or "notifications"."notifications"."snoozed_until" is null),
	CONSTRAINT "notifications_count" CHECK ("notifications"."notifications"."count" > 0)
);
--> statement-breakpoint
ALTER TABLE "notifications"."notifications" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "notifications"."outbox" (
	"position" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "notifications"."outbox_position_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"event_id" uuid NOT NULL,
	"name" text NOT NULL,
	"key" text NOT NULL,
	"envelope" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"published_at" timestamp (3) with time zone,
	CONSTRAINT "outbox_event" UNIQUE("event_id")
);
--> statement-breakpoint
CREATE TABLE "notifications"."people" (
	"user_id" uuid PRIMARY KEY NOT NULL,
	"display_name" text NOT NULL,
	"version" integer NOT NULL,
	"erased_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "notifications"."withdrawals" (
	"domain" text NOT NULL,
	"dedupe_key" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "withdrawals_key" PRIMARY KEY("domain","dedupe_key")
);
--> statement-breakpoint
CREATE INDEX "dead_letter_failed" ON "notifications"."dead_letter" USING btree ("failed_at");--> statement-breakpoint
CREATE INDEX "departures_of_person" ON "notifications"."departures" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "notification_facts_told" ON "notifications"."notification_facts" USING btree ("domain","dedupe_key","recipient_id");--> statement-breakpoint
CREATE INDEX "notification_facts_of_notice" ON "notifications"."notification_facts" USING btree ("recipient_id","notification_id","seq");--> statement-breakpoint
CREATE INDEX "feed_log_old" ON "notifications"."feed_log" USING btree ("recipient_id","at");--> statement-breakpoint
CREATE INDEX "inbox_received" ON "notifications"."inbox" USING btree ("received_at");--> statement-breakpoint
CREATE UNIQUE INDEX "notifications_open_group" ON "notifications"."notifications" USING btree ("recipient_id","domain","group_key") WHERE "notifications"."notifications"."group_open";--> statement-breakpoint
CREATE INDEX "notifications_feed" ON "notifications"."notifications" USING btree ("recipient_id","seq") WHERE "notifications"."notifications"."archived_at" is null and "notifications"."notifications"."snoozed_until" is null;--> statement-breakpoint
CREATE INDEX "notifications_unread" ON "notifications"."notifications" USING btree ("recipient_id","seq") WHERE "notifications"."notifications"."read_at" is null and "notifications"."notifications"."archived_at" is null and "notifications"."notifications"."snoozed_until" is null;--> statement-breakpoint
CREATE INDEX "notifications_unseen" ON "notifications"."notifications" USING btree ("recipient_id","seq") WHERE "notifications"."notifications"."seen_at" is null and "notifications"."notifications"."archived_at" is null and "notifications"."notifications"."snoozed_until" is null;--> statement-breakpoint
CREATE INDEX "notifications_archived" ON "notifications"."notifications" USING btree ("recipient_id","seq") WHERE "notifications"."notifications"."archived_at" is not null;--> statement-breakpoint
CREATE INDEX "notifications_snoozed" ON "notifications"."notifications" USING btree ("recipient_id","seq") WHERE "notifications"."notifications"."snoozed_until" is not null;--> statement-breakpoint
CREATE INDEX "notifications_by_category" ON "notifications"."notifications" USING btree ("recipient_id","category","seq");--> statement-breakpoint
CREATE INDEX "notifications_by_subject" ON "notifications"."notifications" USING btree ("recipient_id","subject_type","subject_id","seq");--> statement-breakpoint
CREATE INDEX "notifications_of_tenant" ON "notifications"."notifications" USING btree ("organization_id","recipient_id","seq") WHERE "notifications"."notifications"."organization_id" is not null;--> statement-breakpoint
CREATE INDEX "outbox_waiting_by_key" ON "notifications"."outbox" USING btree ("key","position") WHERE "notifications"."outbox"."published_at" is null;--> statement-breakpoint
CREATE INDEX "outbox_waiting" ON "notifications"."outbox" USING btree ("position") WHERE "notifications"."outbox"."published_at" is null;--> statement-breakpoint
CREATE POLICY "tenant_only_organization_id" ON "notifications"."departures" AS PERMISSIVE FOR ALL TO public USING ("notifications"."departures"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("notifications"."departures"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "person_erases_own" ON "notifications"."departures" AS PERMISSIVE FOR SELECT TO public USING ("notifications"."departures"."user_id" = nullif(current_setting('app.user_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "person_deletes_own" ON "notifications"."departures" AS PERMISSIVE FOR DELETE TO public USING ("notifications"."departures"."user_id" = nullif(current_setting('app.user_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "recipient_only" ON "notifications"."notification_facts" AS PERMISSIVE FOR ALL TO public USING (array_position((select string_to_array(coalesce(nullif(current_setting('app.recipient_ids', true), ''), current_setting('app.user_id', true)), ',')::uuid[]), "notifications"."notification_facts"."recipient_id") is not null) WITH CHECK (array_position((select string_to_array(coalesce(nullif(current_setting('app.recipient_ids', true), ''), current_setting('app.user_id', true)), ',')::uuid[]), "notifications"."notification_facts"."recipient_id") is not null);--> statement-breakpoint
CREATE POLICY "consumers_ask_who" ON "notifications"."notification_facts" AS PERMISSIVE FOR SELECT TO public USING (nullif(current_setting('app.user_id', true), '')::uuid is null);--> statement-breakpoint
CREATE POLICY "recipient_only" ON "notifications"."feed_log" AS PERMISSIVE FOR ALL TO public USING (array_position((select string_to_array(coalesce(nullif(current_setting('app.recipient_ids', true), ''), current_setting('app.user_id', true)), ',')::uuid[]), "notifications"."feed_log"."recipient_id") is not null) WITH CHECK (array_position((select string_to_array(coalesce(nullif(current_setting('app.recipient_ids', true), ''), current_setting('app.user_id', true)), ',')::uuid[]), "notifications"."feed_log"."recipient_id") is not null);--> statement-breakpoint
CREATE POLICY "recipient_only" ON "notifications"."feed_heads" AS PERMISSIVE FOR ALL TO public USING (array_position((select string_to_array(coalesce(nullif(current_setting('app.recipient_ids', true), ''), current_setting('app.user_id', true)), ',')::uuid[]), "notifications"."feed_heads"."recipient_id") is not null) WITH CHECK (array_position((select string_to_array(coalesce(nullif(current_setting('app.recipient_ids', true), ''), current_setting('app.user_id', true)), ',')::uuid[]), "notifications"."feed_heads"."recipient_id") is not null);--> statement-breakpoint
CREATE POLICY "recipient_only" ON "notifications"."notifications" AS PERMISSIVE FOR ALL TO public USING (array_position((select string_to_array(coalesce(nullif(current_setting('app.recipient_ids', true), ''), current_setting('app.user_id', true)), ',')::uuid[]), "notifications"."notifications"."recipient_id") is not null) WITH CHECK (array_position((select string_to_array(coalesce(nullif(current_setting('app.recipient_ids', true), ''), current_setting('app.user_id', true)), ',')::uuid[]), "notifications"."notifications"."recipient_id") is not null);--> statement-breakpoint
CREATE POLICY "tenant_finds" ON "notifications"."notifications" AS PERMISSIVE FOR SELECT TO public USING (nullif(current_setting('app.user_id', true), '')::uuid is null and "notifications"."notifications"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid);