CREATE TABLE "organizations"."audit_events" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"name" text NOT NULL,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"actor_id" uuid,
	"target" text,
	"details" jsonb NOT NULL
);
--> statement-breakpoint
ALTER TABLE "organizations"."audit_events" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "organizations"."audit_events" ADD CONSTRAINT "audit_events_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "audit_events_page" ON "organizations"."audit_events" USING btree ("organization_id","id");--> statement-breakpoint
CREATE INDEX "audit_events_actor" ON "organizations"."audit_events" USING btree ("organization_id","actor_id","id");--> statement-breakpoint
CREATE INDEX "audit_events_target" ON "organizations"."audit_events" USING btree ("organization_id","target","id");--> statement-breakpoint
CREATE INDEX "audit_events_at" ON "organizations"."audit_events" USING btree ("at");--> statement-breakpoint
CREATE POLICY "old_found" ON "organizations"."audit_events" AS PERMISSIVE FOR SELECT TO public USING (case when nullif(current_setting('app.organization_id', true), '')::uuid is null and "organizations"."audit_events"."at" < now() - interval '400 days' then true else false end);--> statement-breakpoint
CREATE POLICY "old_deleted" ON "organizations"."audit_events" AS PERMISSIVE FOR DELETE TO public USING (nullif(current_setting('app.organization_id', true), '')::uuid is null and "organizations"."audit_events"."at" < now() - interval '400 days');--> statement-breakpoint
CREATE POLICY "tenant_only_organization_id" ON "organizations"."audit_events" AS PERMISSIVE FOR ALL TO public USING ("organizations"."audit_events"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("organizations"."audit_events"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
-- From here on written by hand: the log only grows.
REVOKE UPDATE, DELETE, TRUNCATE ON "organizations"."audit_events" FROM "supergraph_organizations";
--> statement-breakpoint
CREATE FUNCTION "organizations"."forget_audit"("most" integer) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET app.organization_id = '' AS $$
  WITH old AS (SELECT "id" FROM "organizations"."audit_events" WHERE "at" < now() - interval '400 days' ORDER BY "at" LIMIT "most"),
    gone AS (DELETE FROM "organizations"."audit_events" WHERE "id" IN (SELECT "id" FROM old) RETURNING 1)
  SELECT count(*) FROM gone
$$;
--> statement-breakpoint
COMMENT ON FUNCTION "organizations"."forget_audit" IS 'Removes at most so many of the oldest entries that are older than 400 days, and knows no other number and no other clock.';
--> statement-breakpoint
CREATE FUNCTION "organizations"."erase_audit"("most" integer) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH own AS (
      SELECT entry."id" FROM "organizations"."audit_events" entry
      JOIN "organizations"."organizations" tenant ON tenant."id" = entry."organization_id" AND tenant."status" = 'DELETED'
      WHERE entry."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid
      LIMIT "most"),
    gone AS (DELETE FROM "organizations"."audit_events" WHERE "id" IN (SELECT "id" FROM own) RETURNING 1)
  SELECT count(*) FROM gone
$$;
--> statement-breakpoint
COMMENT ON FUNCTION "organizations"."erase_audit" IS 'Removes at most so many entries of the tenant that the transaction chose, once that tenant is deleted.';
--> statement-breakpoint
REVOKE ALL ON FUNCTION "organizations"."forget_audit", "organizations"."erase_audit" FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION "organizations"."forget_audit", "organizations"."erase_audit" TO "supergraph_organizations";
