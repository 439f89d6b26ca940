CREATE SCHEMA "organizations";
--> statement-breakpoint
CREATE TYPE "organizations"."account_kind" AS ENUM('PERSON', 'SERVICE');--> statement-breakpoint
CREATE TYPE "organizations"."account_status" AS ENUM('ACTIVE', 'SUSPENDED');--> statement-breakpoint
CREATE TYPE "organizations"."invitation_status" AS ENUM('PENDING', 'ACCEPTED', 'DECLINED', 'REVOKED', 'EXPIRED');--> statement-breakpoint
CREATE TYPE "organizations"."join_method" AS ENUM('CREATED', 'INVITED', 'DOMAIN', 'ADDED');--> statement-breakpoint
CREATE TYPE "organizations"."membership_status" AS ENUM('ACTIVE', 'SUSPENDED', 'REMOVED', 'LEFT');--> statement-breakpoint
CREATE TYPE "organizations"."organization_status" AS ENUM('ACTIVE', 'SUSPENDED', 'DELETION_SCHEDULED', 'DELETED');--> statement-breakpoint
CREATE TYPE "organizations"."suspension_cause" AS ENUM('PLATFORM', 'NO_OWNER');--> statement-breakpoint
CREATE TABLE "organizations"."dead_letter" (
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
CREATE TABLE "organizations"."idempotency" (
	"scope" text NOT NULL,
	"operation" text NOT NULL,
	"key" text NOT NULL,
	"input_hash" text NOT NULL,
	"answer" jsonb,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "idempotency_key" PRIMARY KEY("scope","operation","key")
);
--> statement-breakpoint
CREATE TABLE "organizations"."inbox" (
	"consumer" text NOT NULL,
	"event_id" uuid NOT NULL,
	"received_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "inbox_key" PRIMARY KEY("consumer","event_id")
);
--> statement-breakpoint
CREATE TABLE "organizations"."invitations" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"email" text NOT NULL,
	"email_fold" text NOT NULL,
	"role_id" uuid NOT NULL,
	"status" "organizations"."invitation_status" DEFAULT 'PENDING' NOT NULL,
	"invited_by_id" uuid NOT NULL,
	"invitee_user_id" uuid,
	"token_hash" text NOT NULL,
	"round" integer DEFAULT 1 NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"answered_at" timestamp (3) with time zone
);
--> statement-breakpoint
ALTER TABLE "organizations"."invitations" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "organizations"."mail_queue" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"sealed" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"sent_at" timestamp (3) with time zone
);
--> statement-breakpoint
ALTER TABLE "organizations"."mail_queue" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "organizations"."memberships" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"role_id" uuid NOT NULL,
	"status" "organizations"."membership_status" DEFAULT 'ACTIVE' NOT NULL,
	"joined_by" "organizations"."join_method" NOT NULL,
	"title" text,
	"version" integer DEFAULT 1 NOT NULL,
	"joined_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp (3) with time zone
);
--> statement-breakpoint
ALTER TABLE "organizations"."memberships" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "organizations"."organizations" (
	"id" uuid PRIMARY KEY NOT NULL,
	"slug" text NOT NULL,
	"name" text NOT NULL,
	"status" "organizations"."organization_status" DEFAULT 'ACTIVE' NOT NULL,
	"suspended_because" "organizations"."suspension_cause",
	"version" integer DEFAULT 1 NOT NULL,
	"epoch" integer DEFAULT 1 NOT NULL,
	"member_count" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "organizations_member_count" CHECK ("organizations"."organizations"."member_count" >= 0)
);
--> statement-breakpoint
ALTER TABLE "organizations"."organizations" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "organizations"."outbox" (
	"position" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "organizations"."outbox_position_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"event_id" uuid NOT NULL,
	"name" text NOT NULL,
	"key" text NOT NULL,
	"envelope" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"published_at" timestamp (3) with time zone,
	CONSTRAINT "outbox_event" UNIQUE("event_id")
);
--> statement-breakpoint
CREATE TABLE "organizations"."people" (
	"user_id" uuid PRIMARY KEY NOT NULL,
	"kind" "organizations"."account_kind" DEFAULT 'PERSON' NOT NULL,
	"status" "organizations"."account_status" DEFAULT 'ACTIVE' NOT NULL,
	"handle" text DEFAULT '' NOT NULL,
	"display_name" text DEFAULT '' NOT NULL,
	"email_fold" text,
	"locale" text,
	"version" integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "organizations"."quotas" (
	"organization_id" uuid NOT NULL,
	"key" text NOT NULL,
	"limit" bigint,
	CONSTRAINT "quotas_key" PRIMARY KEY("organization_id","key")
);
--> statement-breakpoint
ALTER TABLE "organizations"."quotas" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "organizations"."roles" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"key" text NOT NULL,
	"name" text NOT NULL,
	"built_in" boolean DEFAULT false NOT NULL,
	"permissions" text[] DEFAULT '{}' NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "roles_key" UNIQUE("organization_id","key"),
	CONSTRAINT "roles_tenant_id" UNIQUE("organization_id","id")
);
--> statement-breakpoint
ALTER TABLE "organizations"."roles" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "organizations"."settings" (
	"organization_id" uuid PRIMARY KEY NOT NULL,
	"require_mfa" boolean DEFAULT false NOT NULL,
	"default_role_id" uuid NOT NULL,
	"invitation_days" integer DEFAULT 7 NOT NULL,
	"guests_see_members" boolean DEFAULT false NOT NULL,
	"allowed_invite_domains" text[] DEFAULT '{}' NOT NULL,
	"locale" text NOT NULL,
	"time_zone" text NOT NULL,
	"currency" char(3) NOT NULL,
	"week_starts_on" integer DEFAULT 1 NOT NULL,
	"version" integer DEFAULT 1 NOT NULL
);
--> statement-breakpoint
ALTER TABLE "organizations"."settings" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "organizations"."slug_holds" (
	"slug" text PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"held_until" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "organizations"."slug_holds" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "organizations"."invitations" ADD CONSTRAINT "invitations_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "organizations"."invitations" ADD CONSTRAINT "invitations_role" FOREIGN KEY ("organization_id","role_id") REFERENCES "organizations"."roles"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "organizations"."memberships" ADD CONSTRAINT "memberships_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "organizations"."memberships" ADD CONSTRAINT "memberships_role" FOREIGN KEY ("organization_id","role_id") REFERENCES "organizations"."roles"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "organizations"."quotas" ADD CONSTRAINT "quotas_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "organizations"."roles" ADD CONSTRAINT "roles_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "organizations"."settings" ADD CONSTRAINT "settings_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "organizations"."settings" ADD CONSTRAINT "settings_role" FOREIGN KEY ("organization_id","default_role_id") REFERENCES "organizations"."roles"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "dead_letter_failed" ON "organizations"."dead_letter" USING btree ("failed_at");--> statement-breakpoint
CREATE INDEX "idempotency_created" ON "organizations"."idempotency" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "inbox_received" ON "organizations"."inbox" USING btree ("received_at");--> statement-breakpoint
CREATE UNIQUE INDEX "invitations_pending" ON "organizations"."invitations" USING btree ("organization_id","email_fold") WHERE "organizations"."invitations"."status" = 'PENDING';--> statement-breakpoint
CREATE UNIQUE INDEX "invitations_link" ON "organizations"."invitations" USING btree ("token_hash");--> statement-breakpoint
CREATE INDEX "invitations_page" ON "organizations"."invitations" USING btree ("organization_id","id");--> statement-breakpoint
CREATE INDEX "invitations_of_address" ON "organizations"."invitations" USING btree ("email_fold","id") WHERE "organizations"."invitations"."status" = 'PENDING';--> statement-breakpoint
CREATE INDEX "invitations_of_role" ON "organizations"."invitations" USING btree ("organization_id","role_id");--> statement-breakpoint
CREATE INDEX "mail_queue_waiting" ON "organizations"."mail_queue" USING btree ("organization_id","id") WHERE "organizations"."mail_queue"."sent_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "memberships_live" ON "organizations"."memberships" USING btree ("organization_id","user_id") WHERE "organizations"."memberships"."status" in ('ACTIVE', 'SUSPENDED');--> statement-breakpoint
CREATE INDEX "memberships_page" ON "organizations"."memberships" USING btree ("organization_id","id");--> statement-breakpoint
CREATE INDEX "memberships_of_role" ON "organizations"."memberships" USING btree ("organization_id","role_id","id");--> statement-breakpoint
CREATE INDEX "memberships_of_person" ON "organizations"."memberships" USING btree ("user_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "organizations_slug" ON "organizations"."organizations" USING btree ("slug");--> statement-breakpoint
CREATE INDEX "organizations_name_page" ON "organizations"."organizations" USING btree ("name","id");--> statement-breakpoint
CREATE INDEX "outbox_waiting_by_key" ON "organizations"."outbox" USING btree ("key","position") WHERE "organizations"."outbox"."published_at" is null;--> statement-breakpoint
CREATE INDEX "outbox_waiting" ON "organizations"."outbox" USING btree ("position") WHERE "organizations"."outbox"."published_at" is null;--> statement-breakpoint
CREATE INDEX "people_address" ON "organizations"."people" USING btree ("email_fold");--> statement-breakpoint
CREATE POLICY "address_reads" ON "organizations"."invitations" AS PERMISSIVE FOR SELECT TO public USING (case when "organizations"."invitations"."email_fold" = nullif(current_setting('app.invited_address', true), '') then true else false end);--> statement-breakpoint
CREATE POLICY "link_reads" ON "organizations"."invitations" AS PERMISSIVE FOR SELECT TO public USING (case when "organizations"."invitations"."token_hash" = nullif(current_setting('app.invitation_link', true), '') then true else false end);--> statement-breakpoint
CREATE POLICY "tenant_only_organization_id" ON "organizations"."invitations" AS PERMISSIVE FOR ALL TO public USING ("organizations"."invitations"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("organizations"."invitations"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "tenant_only_organization_id" ON "organizations"."mail_queue" AS PERMISSIVE FOR ALL TO public USING ("organizations"."mail_queue"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("organizations"."mail_queue"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "person_reads_own" ON "organizations"."memberships" AS PERMISSIVE FOR SELECT TO public USING (case when "organizations"."memberships"."user_id" = nullif(current_setting('app.user_id', true), '')::uuid then true else false end);--> statement-breakpoint
CREATE POLICY "tenant_only_organization_id" ON "organizations"."memberships" AS PERMISSIVE FOR ALL TO public USING ("organizations"."memberships"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("organizations"."memberships"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "public_read_organization" ON "organizations"."organizations" AS PERMISSIVE FOR SELECT TO public USING (true);--> statement-breakpoint
CREATE POLICY "tenant_only_id" ON "organizations"."organizations" AS PERMISSIVE FOR ALL TO public USING ("organizations"."organizations"."id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("organizations"."organizations"."id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "tenant_only_organization_id" ON "organizations"."quotas" AS PERMISSIVE FOR ALL TO public USING ("organizations"."quotas"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("organizations"."quotas"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "members_read" ON "organizations"."roles" AS PERMISSIVE FOR SELECT TO public USING (case when "organizations"."roles"."organization_id" in (select own.organization_id from organizations.memberships own where own.user_id = nullif(current_setting('app.user_id', true), '')::uuid and own.status in ('ACTIVE', 'SUSPENDED')) then true else false end);--> statement-breakpoint
CREATE POLICY "invited_read" ON "organizations"."roles" AS PERMISSIVE FOR SELECT TO public USING (case when exists (select 1 from organizations.invitations invited where invited.role_id = "organizations"."roles"."id") then true else false end);--> statement-breakpoint
CREATE POLICY "tenant_only_organization_id" ON "organizations"."roles" AS PERMISSIVE FOR ALL TO public USING ("organizations"."roles"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("organizations"."roles"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "members_read" ON "organizations"."settings" AS PERMISSIVE FOR SELECT TO public USING (case when "organizations"."settings"."organization_id" in (select own.organization_id from organizations.memberships own where own.user_id = nullif(current_setting('app.user_id', true), '')::uuid and own.status in ('ACTIVE', 'SUSPENDED')) then true else false end);--> statement-breakpoint
CREATE POLICY "tenant_only_organization_id" ON "organizations"."settings" AS PERMISSIVE FOR ALL TO public USING ("organizations"."settings"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("organizations"."settings"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "public_read_slug_hold" ON "organizations"."slug_holds" AS PERMISSIVE FOR SELECT TO public USING (true);--> statement-breakpoint
CREATE POLICY "renewable" ON "organizations"."slug_holds" AS PERMISSIVE FOR UPDATE TO public USING ("organizations"."slug_holds"."held_until" <= now()) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "tenant_only_organization_id" ON "organizations"."slug_holds" AS PERMISSIVE FOR ALL TO public USING ("organizations"."slug_holds"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("organizations"."slug_holds"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid);