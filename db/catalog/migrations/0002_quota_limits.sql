CREATE TABLE "catalog"."quota_limits" (
	"organization_id" uuid NOT NULL,
	"key" text NOT NULL,
	"most" bigint,
	CONSTRAINT "quota_limits_key" PRIMARY KEY("organization_id","key")
);
--> statement-breakpoint
ALTER TABLE "catalog"."quota_limits" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "tenant_only_organization_id" ON "catalog"."quota_limits" AS PERMISSIVE FOR ALL TO public USING ("catalog"."quota_limits"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("catalog"."quota_limits"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid);