CREATE TYPE "accounts"."oauth_client_type" AS ENUM('PUBLIC', 'CONFIDENTIAL', 'SERVICE');--> statement-breakpoint
CREATE TABLE "accounts"."app_grants" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"client_id" text NOT NULL,
	"scopes" text[] NOT NULL,
	"organization_id" uuid,
	"granted_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"last_used_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "accounts"."oauth_artifacts" (
	"kind" text NOT NULL,
	"id_hash" text NOT NULL,
	"sealed" text NOT NULL,
	"grant_id" text,
	"uid_hash" text,
	"user_code_hash" text,
	"user_id" uuid,
	"client_id" text,
	"details" jsonb,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"consumed_at" timestamp (3) with time zone,
	CONSTRAINT "oauth_artifacts_key" PRIMARY KEY("kind","id_hash")
);
--> statement-breakpoint
CREATE TABLE "accounts"."oauth_clients" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"logo_url" text,
	"type" "accounts"."oauth_client_type" NOT NULL,
	"secret_hash" text,
	"redirect_uris" text[] NOT NULL,
	"post_logout_redirect_uris" text[] NOT NULL,
	"scopes" text[] NOT NULL,
	"first_party" boolean DEFAULT false NOT NULL,
	"service_account_id" uuid,
	"owner_id" uuid,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"disabled_at" timestamp (3) with time zone,
	"version" integer DEFAULT 1 NOT NULL
);
--> statement-breakpoint
ALTER TABLE "accounts"."flows" ADD COLUMN "interaction_hash" text;--> statement-breakpoint
ALTER TABLE "accounts"."sessions" ADD COLUMN "grant_id" text;--> statement-breakpoint
ALTER TABLE "accounts"."sessions" ADD COLUMN "organization_id" uuid;--> statement-breakpoint
ALTER TABLE "accounts"."sessions" ADD COLUMN "bound_key" text;--> statement-breakpoint
ALTER TABLE "accounts"."app_grants" ADD CONSTRAINT "app_grants_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "accounts"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "accounts"."app_grants" ADD CONSTRAINT "app_grants_client_id_oauth_clients_id_fk" FOREIGN KEY ("client_id") REFERENCES "accounts"."oauth_clients"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "accounts"."oauth_clients" ADD CONSTRAINT "oauth_clients_service_account_id_users_id_fk" FOREIGN KEY ("service_account_id") REFERENCES "accounts"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "accounts"."oauth_clients" ADD CONSTRAINT "oauth_clients_owner_id_users_id_fk" FOREIGN KEY ("owner_id") REFERENCES "accounts"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "app_grants_pair" ON "accounts"."app_grants" USING btree ("user_id","client_id") WHERE "accounts"."app_grants"."revoked_at" is null;--> statement-breakpoint
CREATE INDEX "app_grants_client" ON "accounts"."app_grants" USING btree ("client_id");--> statement-breakpoint
CREATE INDEX "app_grants_organization" ON "accounts"."app_grants" USING btree ("organization_id") WHERE "accounts"."app_grants"."organization_id" is not null and "accounts"."app_grants"."revoked_at" is null;--> statement-breakpoint
CREATE INDEX "oauth_artifacts_grant" ON "accounts"."oauth_artifacts" USING btree ("grant_id") WHERE "accounts"."oauth_artifacts"."grant_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "oauth_artifacts_uid" ON "accounts"."oauth_artifacts" USING btree ("kind","uid_hash") WHERE "accounts"."oauth_artifacts"."uid_hash" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "oauth_artifacts_user_code" ON "accounts"."oauth_artifacts" USING btree ("user_code_hash") WHERE "accounts"."oauth_artifacts"."user_code_hash" is not null;--> statement-breakpoint
CREATE INDEX "oauth_artifacts_user" ON "accounts"."oauth_artifacts" USING btree ("user_id") WHERE "accounts"."oauth_artifacts"."user_id" is not null;--> statement-breakpoint
CREATE INDEX "oauth_artifacts_expiring" ON "accounts"."oauth_artifacts" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "oauth_clients_owner_page" ON "accounts"."oauth_clients" USING btree ("owner_id","created_at","id");--> statement-breakpoint
CREATE INDEX "oauth_clients_page" ON "accounts"."oauth_clients" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "oauth_clients_service" ON "accounts"."oauth_clients" USING btree ("service_account_id") WHERE "accounts"."oauth_clients"."service_account_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "sessions_grant" ON "accounts"."sessions" USING btree ("grant_id") WHERE "accounts"."sessions"."grant_id" is not null;--> statement-breakpoint
CREATE INDEX "sessions_client" ON "accounts"."sessions" USING btree ("client_id","user_id") WHERE "accounts"."sessions"."ended_at" is null and "accounts"."sessions"."grant_id" is not null;--> statement-breakpoint
CREATE INDEX "sessions_organization" ON "accounts"."sessions" USING btree ("organization_id") WHERE "accounts"."sessions"."organization_id" is not null and "accounts"."sessions"."ended_at" is null;