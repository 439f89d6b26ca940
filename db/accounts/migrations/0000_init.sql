CREATE SCHEMA "accounts";
--> statement-breakpoint
CREATE EXTENSION IF NOT EXISTS pg_trgm;
--> statement-breakpoint
CREATE TYPE "accounts"."auth_method" AS ENUM('PASSWORD', 'PASSKEY', 'TOTP', 'RECOVERY_CODE', 'EXTERNAL');--> statement-breakpoint
CREATE TYPE "accounts"."flow_purpose" AS ENUM('SIGN_IN', 'STEP_UP');--> statement-breakpoint
CREATE TYPE "accounts"."flow_status" AS ENUM('FIRST_FACTOR', 'SECOND_FACTOR', 'COMPLETED', 'FAILED', 'EXPIRED');--> statement-breakpoint
CREATE TYPE "accounts"."key_state" AS ENUM('NEXT', 'ACTIVE', 'RETIRED', 'REMOVED');--> statement-breakpoint
CREATE TYPE "accounts"."link_purpose" AS ENUM('VERIFY', 'RESET');--> statement-breakpoint
CREATE TYPE "accounts"."platform_role" AS ENUM('USER', 'MODERATOR', 'ADMIN');--> statement-breakpoint
CREATE TYPE "accounts"."user_kind" AS ENUM('PERSON', 'SERVICE');--> statement-breakpoint
CREATE TYPE "accounts"."user_status" AS ENUM('ACTIVE', 'SUSPENDED', 'DELETION_SCHEDULED', 'ERASED');--> statement-breakpoint
CREATE TABLE "accounts"."attempt_counters" (
	"key" text PRIMARY KEY NOT NULL,
	"failures" integer NOT NULL,
	"window_started_at" timestamp (3) with time zone NOT NULL,
	"closed_until" timestamp (3) with time zone,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "accounts"."audit_events" (
	"id" uuid PRIMARY KEY NOT NULL,
	"position" bigint NOT NULL,
	"name" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"actor_id" uuid,
	"on_behalf_of_id" uuid,
	"client_id" text,
	"organization_id" uuid,
	"target" text,
	"ip_address" text,
	"details" jsonb NOT NULL,
	"previous_hash" text NOT NULL,
	"hash" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "accounts"."dead_letter" (
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
CREATE TABLE "accounts"."flows" (
	"id" uuid PRIMARY KEY NOT NULL,
	"purpose" "accounts"."flow_purpose" NOT NULL,
	"status" "accounts"."flow_status" DEFAULT 'FIRST_FACTOR' NOT NULL,
	"user_id" uuid,
	"attempt_key" text NOT NULL,
	"session_id" uuid,
	"client_id" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "accounts"."held_handles" (
	"handle" text PRIMARY KEY NOT NULL,
	"user_id" uuid,
	"until" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "accounts"."idempotency" (
	"scope" text NOT NULL,
	"operation" text NOT NULL,
	"key" text NOT NULL,
	"input_hash" text NOT NULL,
	"answer" jsonb,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "idempotency_key" PRIMARY KEY("scope","operation","key")
);
--> statement-breakpoint
CREATE TABLE "accounts"."inbox" (
	"consumer" text NOT NULL,
	"event_id" uuid NOT NULL,
	"received_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "inbox_key" PRIMARY KEY("consumer","event_id")
);
--> statement-breakpoint
CREATE TABLE "accounts"."mail_queue" (
	"id" uuid PRIMARY KEY NOT NULL,
	"sealed" text,
	"attempts" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"give_up_at" timestamp (3) with time zone NOT NULL,
	"sent_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "accounts"."outbox" (
	"position" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "accounts"."outbox_position_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"event_id" uuid NOT NULL,
	"name" text NOT NULL,
	"key" text NOT NULL,
	"envelope" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"published_at" timestamp (3) with time zone,
	CONSTRAINT "outbox_event" UNIQUE("event_id")
);
--> statement-breakpoint
CREATE TABLE "accounts"."passwords" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"hash" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"last_used_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "accounts"."refresh_tokens" (
	"id" uuid PRIMARY KEY NOT NULL,
	"session_id" uuid NOT NULL,
	"hash" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"idle_until" timestamp (3) with time zone NOT NULL,
	"consumed_at" timestamp (3) with time zone,
	"successor_hash" text,
	"sealed_successor" text
);
--> statement-breakpoint
CREATE TABLE "accounts"."registrations" (
	"id" uuid PRIMARY KEY NOT NULL,
	"email" text NOT NULL,
	"email_fold" text NOT NULL,
	"handle" text NOT NULL,
	"display_name" text NOT NULL,
	"password_hash" text NOT NULL,
	"locale" text,
	"time_zone" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "accounts"."secret_links" (
	"id" uuid PRIMARY KEY NOT NULL,
	"purpose" "accounts"."link_purpose" NOT NULL,
	"hash" text NOT NULL,
	"registration_id" uuid,
	"user_id" uuid,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"consumed_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "accounts"."sessions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"client_id" text NOT NULL,
	"scope" text NOT NULL,
	"device_name" text NOT NULL,
	"os" text,
	"browser" text,
	"ip_address" text,
	"methods" "accounts"."auth_method"[] NOT NULL,
	"acr" text NOT NULL,
	"auth_time" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"last_seen_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone,
	"end_reason" text
);
--> statement-breakpoint
CREATE TABLE "accounts"."signing_keys" (
	"kid" text PRIMARY KEY NOT NULL,
	"algorithm" text NOT NULL,
	"state" "accounts"."key_state" NOT NULL,
	"public_jwk" jsonb NOT NULL,
	"sealed_private_key" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"active_from" timestamp (3) with time zone,
	"remove_after" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "accounts"."users" (
	"id" uuid PRIMARY KEY NOT NULL,
	"kind" "accounts"."user_kind" DEFAULT 'PERSON' NOT NULL,
	"handle" text NOT NULL,
	"display_name" text NOT NULL,
	"bio" text,
	"status" "accounts"."user_status" DEFAULT 'ACTIVE' NOT NULL,
	"email" text,
	"email_fold" text,
	"locale" text,
	"time_zone" text,
	"roles" "accounts"."platform_role"[] DEFAULT '{"USER"}' NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"erases_at" timestamp (3) with time zone,
	"search_text" text GENERATED ALWAYS AS (lower(handle || ' ' || display_name)) STORED NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "users_handle_form" CHECK ("accounts"."users"."handle" ~ '^[a-z0-9_]{3,30}$')
);
--> statement-breakpoint
ALTER TABLE "accounts"."passwords" ADD CONSTRAINT "passwords_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "accounts"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "accounts"."refresh_tokens" ADD CONSTRAINT "refresh_tokens_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "accounts"."sessions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "accounts"."secret_links" ADD CONSTRAINT "secret_links_registration_id_registrations_id_fk" FOREIGN KEY ("registration_id") REFERENCES "accounts"."registrations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "accounts"."secret_links" ADD CONSTRAINT "secret_links_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "accounts"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "accounts"."sessions" ADD CONSTRAINT "sessions_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "accounts"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "attempt_counters_updated" ON "accounts"."attempt_counters" USING btree ("updated_at");--> statement-breakpoint
CREATE UNIQUE INDEX "audit_events_position" ON "accounts"."audit_events" USING btree ("position");--> statement-breakpoint
CREATE INDEX "audit_events_actor" ON "accounts"."audit_events" USING btree ("actor_id","id");--> statement-breakpoint
CREATE INDEX "audit_events_target" ON "accounts"."audit_events" USING btree ("target","id");--> statement-breakpoint
CREATE INDEX "dead_letter_failed" ON "accounts"."dead_letter" USING btree ("failed_at");--> statement-breakpoint
CREATE INDEX "flows_expiring" ON "accounts"."flows" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "flows_user" ON "accounts"."flows" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "idempotency_created" ON "accounts"."idempotency" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "inbox_received" ON "accounts"."inbox" USING btree ("received_at");--> statement-breakpoint
CREATE INDEX "mail_queue_waiting" ON "accounts"."mail_queue" USING btree ("id") WHERE "accounts"."mail_queue"."sealed" is not null;--> statement-breakpoint
CREATE INDEX "outbox_waiting_by_key" ON "accounts"."outbox" USING btree ("key","position") WHERE "accounts"."outbox"."published_at" is null;--> statement-breakpoint
CREATE INDEX "outbox_waiting" ON "accounts"."outbox" USING btree ("position") WHERE "accounts"."outbox"."published_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "passwords_user" ON "accounts"."passwords" USING btree ("user_id");--> statement-breakpoint
CREATE UNIQUE INDEX "refresh_tokens_hash" ON "accounts"."refresh_tokens" USING btree ("hash");--> statement-breakpoint
CREATE INDEX "refresh_tokens_session" ON "accounts"."refresh_tokens" USING btree ("session_id");--> statement-breakpoint
CREATE INDEX "registrations_email" ON "accounts"."registrations" USING btree ("email_fold","id");--> statement-breakpoint
CREATE INDEX "registrations_expiring" ON "accounts"."registrations" USING btree ("expires_at");--> statement-breakpoint
CREATE UNIQUE INDEX "secret_links_hash" ON "accounts"."secret_links" USING btree ("hash");--> statement-breakpoint
CREATE INDEX "secret_links_registration" ON "accounts"."secret_links" USING btree ("registration_id");--> statement-breakpoint
CREATE INDEX "secret_links_user" ON "accounts"."secret_links" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "secret_links_expiring" ON "accounts"."secret_links" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "sessions_user_page" ON "accounts"."sessions" USING btree ("user_id","id");--> statement-breakpoint
CREATE INDEX "sessions_ended" ON "accounts"."sessions" USING btree ("ended_at") WHERE "accounts"."sessions"."ended_at" is not null;--> statement-breakpoint
CREATE INDEX "sessions_expiring" ON "accounts"."sessions" USING btree ("expires_at") WHERE "accounts"."sessions"."ended_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "signing_keys_one_active" ON "accounts"."signing_keys" USING btree ("state") WHERE "accounts"."signing_keys"."state" = 'ACTIVE';--> statement-breakpoint
CREATE UNIQUE INDEX "users_handle" ON "accounts"."users" USING btree ("handle");--> statement-breakpoint
CREATE UNIQUE INDEX "users_email_fold" ON "accounts"."users" USING btree ("email_fold");--> statement-breakpoint
CREATE INDEX "users_created" ON "accounts"."users" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "users_search" ON "accounts"."users" USING gin ("search_text" gin_trgm_ops);--> statement-breakpoint
CREATE INDEX "users_admins" ON "accounts"."users" USING btree ("id") WHERE 'ADMIN' = any("accounts"."users"."roles");--> statement-breakpoint
CREATE INDEX "users_erasing" ON "accounts"."users" USING btree ("erases_at") WHERE "accounts"."users"."status" = 'DELETION_SCHEDULED';--> statement-breakpoint
-- The audit log only ever grows.
REVOKE UPDATE, DELETE ON "accounts"."audit_events" FROM "supergraph_accounts";
