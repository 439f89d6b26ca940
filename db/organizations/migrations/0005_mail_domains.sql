CREATE TYPE "organizations"."domain_status" AS ENUM('PENDING', 'VERIFIED', 'FAILED');--> statement-breakpoint
CREATE TABLE "organizations"."domains" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"name" text NOT NULL,
	"status" "organizations"."domain_status" DEFAULT 'PENDING' NOT NULL,
	"challenge" text NOT NULL,
	"auto_join" boolean DEFAULT false NOT NULL,
	"join_role_id" uuid NOT NULL,
	"verified_at" timestamp (3) with time zone,
	"checked_at" timestamp (3) with time zone,
	"failures" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "organizations"."domains" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "organizations"."invitations" ALTER COLUMN "invited_by_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "organizations"."mail_queue" ADD COLUMN "attempts" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "organizations"."mail_queue" ADD COLUMN "next_try_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "organizations"."domains" ADD CONSTRAINT "domains_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "organizations"."domains" ADD CONSTRAINT "domains_role" FOREIGN KEY ("organization_id","join_role_id") REFERENCES "organizations"."roles"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "domains_name" ON "organizations"."domains" USING btree ("organization_id","name");--> statement-breakpoint
CREATE UNIQUE INDEX "domains_verified" ON "organizations"."domains" USING btree ("name") WHERE "organizations"."domains"."status" = 'VERIFIED';--> statement-breakpoint
CREATE INDEX "domains_of_role" ON "organizations"."domains" USING btree ("organization_id","join_role_id");--> statement-breakpoint
CREATE INDEX "domains_checked" ON "organizations"."domains" USING btree ("checked_at") WHERE "organizations"."domains"."status" = 'VERIFIED';--> statement-breakpoint
CREATE POLICY "address_finds" ON "organizations"."domains" AS PERMISSIVE FOR SELECT TO public USING (case when "organizations"."domains"."status" = 'VERIFIED' and "organizations"."domains"."auto_join" and "organizations"."domains"."name" = split_part(nullif(current_setting('app.invited_address', true), ''), '@', 2) then true else false end);--> statement-breakpoint
CREATE POLICY "proof_finds" ON "organizations"."domains" AS PERMISSIVE FOR SELECT TO public USING (case when nullif(current_setting('app.organization_id', true), '')::uuid is null and "organizations"."domains"."status" = 'VERIFIED' then true else false end);--> statement-breakpoint
CREATE POLICY "tenant_only_organization_id" ON "organizations"."domains" AS PERMISSIVE FOR ALL TO public USING ("organizations"."domains"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("organizations"."domains"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid);