CREATE TABLE "organizations"."team_members" (
	"organization_id" uuid NOT NULL,
	"team_id" uuid NOT NULL,
	"membership_id" uuid NOT NULL,
	CONSTRAINT "team_members_key" PRIMARY KEY("organization_id","team_id","membership_id")
);
--> statement-breakpoint
ALTER TABLE "organizations"."team_members" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "organizations"."teams" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"name" text NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "teams_tenant_id" UNIQUE("organization_id","id")
);
--> statement-breakpoint
ALTER TABLE "organizations"."teams" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
DROP INDEX "organizations"."memberships_page";--> statement-breakpoint
-- Before the foreign keys that point at it.
CREATE UNIQUE INDEX "memberships_page" ON "organizations"."memberships" USING btree ("organization_id","id");--> statement-breakpoint
ALTER TABLE "organizations"."invitations" ADD COLUMN "team_ids" uuid[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "organizations"."team_members" ADD CONSTRAINT "team_members_team" FOREIGN KEY ("organization_id","team_id") REFERENCES "organizations"."teams"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "organizations"."team_members" ADD CONSTRAINT "team_members_membership" FOREIGN KEY ("organization_id","membership_id") REFERENCES "organizations"."memberships"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "organizations"."teams" ADD CONSTRAINT "teams_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "team_members_of_member" ON "organizations"."team_members" USING btree ("organization_id","membership_id");--> statement-breakpoint
CREATE UNIQUE INDEX "teams_name" ON "organizations"."teams" USING btree ("organization_id",lower("name"));--> statement-breakpoint
CREATE POLICY "person_reads_own" ON "organizations"."team_members" AS PERMISSIVE FOR SELECT TO public USING (case when nullif(current_setting('app.user_id', true), '')::uuid is not null and exists (select 1 from organizations.memberships own where own.id = "organizations"."team_members"."membership_id" and own.user_id = nullif(current_setting('app.user_id', true), '')::uuid) then true else false end);--> statement-breakpoint
CREATE POLICY "tenant_only_organization_id" ON "organizations"."team_members" AS PERMISSIVE FOR ALL TO public USING ("organizations"."team_members"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("organizations"."team_members"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "members_read" ON "organizations"."teams" AS PERMISSIVE FOR SELECT TO public USING (case when "organizations"."teams"."organization_id" in (select own.organization_id from organizations.memberships own where own.user_id = nullif(current_setting('app.user_id', true), '')::uuid and own.status in ('ACTIVE', 'SUSPENDED')) then true else false end);--> statement-breakpoint
CREATE POLICY "invited_read" ON "organizations"."teams" AS PERMISSIVE FOR SELECT TO public USING (case when (nullif(current_setting('app.invited_address', true), '') is not null or nullif(current_setting('app.invitation_link', true), '') is not null) and exists (select 1 from organizations.invitations invited where invited.organization_id = "organizations"."teams"."organization_id" and "organizations"."teams"."id" = any(invited.team_ids)) then true else false end);--> statement-breakpoint
CREATE POLICY "tenant_only_organization_id" ON "organizations"."teams" AS PERMISSIVE FOR ALL TO public USING ("organizations"."teams"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("organizations"."teams"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
ALTER POLICY "invited_read" ON "organizations"."roles" TO public USING (case when (nullif(current_setting('app.invited_address', true), '') is not null or nullif(current_setting('app.invitation_link', true), '') is not null) and exists (select 1 from organizations.invitations invited where invited.organization_id = "organizations"."roles"."organization_id" and invited.role_id = "organizations"."roles"."id") then true else false end);