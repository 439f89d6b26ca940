CREATE TYPE "accounts"."policy_state" AS ENUM('DRAFT', 'ACTIVE', 'RETIRED');--> statement-breakpoint
CREATE TABLE "accounts"."policies" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"text" text NOT NULL,
	"state" "accounts"."policy_state" DEFAULT 'DRAFT' NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"created_by_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "policies_page" ON "accounts"."policies" USING btree ("state","id");--> statement-breakpoint
CREATE INDEX "policies_active" ON "accounts"."policies" USING btree ("id") WHERE "accounts"."policies"."state" = 'ACTIVE';