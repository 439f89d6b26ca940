CREATE TABLE "organizations"."quota_usage" (
	"organization_id" uuid NOT NULL,
	"key" text NOT NULL,
	"used" bigint DEFAULT 0 NOT NULL,
	"counted_at" timestamp (3) with time zone NOT NULL,
	"near" boolean DEFAULT false NOT NULL,
	"near_round" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "quota_usage_key" PRIMARY KEY("organization_id","key"),
	CONSTRAINT "quota_usage_used" CHECK ("organizations"."quota_usage"."used" >= 0)
);
--> statement-breakpoint
ALTER TABLE "organizations"."quota_usage" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "organizations"."quota_usage" ADD CONSTRAINT "quota_usage_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE POLICY "tenant_only_organization_id" ON "organizations"."quota_usage" AS PERMISSIVE FOR ALL TO public USING ("organizations"."quota_usage"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("organizations"."quota_usage"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid);