CREATE TABLE "organizations"."erasing_domains" (
	"domain" text PRIMARY KEY NOT NULL,
	"heard_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "organizations"."erasures" (
	"organization_id" uuid NOT NULL,
	"domain" text NOT NULL,
	"asked_at" timestamp (3) with time zone NOT NULL,
	"done_at" timestamp (3) with time zone,
	CONSTRAINT "erasures_key" PRIMARY KEY("organization_id","domain")
);
--> statement-breakpoint
ALTER TABLE "organizations"."erasures" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "organizations"."organizations" ADD COLUMN "deletion_scheduled_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "organizations"."organizations" ADD COLUMN "status_before" "organizations"."organization_status";--> statement-breakpoint
ALTER TABLE "organizations"."organizations" ADD COLUMN "erases_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "organizations"."organizations" ADD COLUMN "erasing_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "organizations"."erasures" ADD CONSTRAINT "erasures_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "organizations_erasable" ON "organizations"."organizations" USING btree ("erases_at") WHERE "organizations"."organizations"."erases_at" is not null;--> statement-breakpoint
CREATE POLICY "tenant_only_organization_id" ON "organizations"."erasures" AS PERMISSIVE FOR ALL TO public USING ("organizations"."erasures"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("organizations"."erasures"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid);