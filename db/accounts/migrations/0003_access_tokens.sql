CREATE TABLE "accounts"."access_tokens" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"created_by_id" uuid NOT NULL,
	"name" text NOT NULL,
	"prefix" text NOT NULL,
	"hash" text NOT NULL,
	"scopes" text[] NOT NULL,
	"organization_id" uuid,
	"acr" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"last_used_at" timestamp (3) with time zone,
	"warned_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone
);
--> statement-breakpoint
ALTER TABLE "accounts"."users" ADD COLUMN "organization_id" uuid;--> statement-breakpoint
ALTER TABLE "accounts"."access_tokens" ADD CONSTRAINT "access_tokens_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "accounts"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "access_tokens_hash" ON "accounts"."access_tokens" USING btree ("hash");--> statement-breakpoint
CREATE INDEX "access_tokens_user_page" ON "accounts"."access_tokens" USING btree ("user_id","id");--> statement-breakpoint
CREATE INDEX "access_tokens_organization" ON "accounts"."access_tokens" USING btree ("organization_id") WHERE "accounts"."access_tokens"."organization_id" is not null and "accounts"."access_tokens"."revoked_at" is null;--> statement-breakpoint
CREATE INDEX "access_tokens_expiring" ON "accounts"."access_tokens" USING btree ("expires_at") WHERE "accounts"."access_tokens"."warned_at" is null and "accounts"."access_tokens"."revoked_at" is null;--> statement-breakpoint
CREATE INDEX "access_tokens_revoked" ON "accounts"."access_tokens" USING btree ("revoked_at") WHERE "accounts"."access_tokens"."revoked_at" is not null;--> statement-breakpoint
CREATE INDEX "users_organization" ON "accounts"."users" USING btree ("organization_id") WHERE "accounts"."users"."organization_id" is not null;