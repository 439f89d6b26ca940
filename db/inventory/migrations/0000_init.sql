CREATE SCHEMA "inventory";
--> statement-breakpoint
CREATE TYPE "inventory"."availability_status" AS ENUM('IN_STOCK', 'LOW', 'BACKORDER', 'OUT_OF_STOCK', 'NOT_TRACKED');--> statement-breakpoint
CREATE TYPE "inventory"."movement_kind" AS ENUM('RECEIPT', 'SHIPMENT', 'RETURN', 'ADJUSTMENT', 'COUNT', 'TRANSFER_OUT', 'TRANSFER_IN');--> statement-breakpoint
CREATE TYPE "inventory"."reservation_status" AS ENUM('HELD', 'COMMITTED', 'FULFILLED', 'EXPIRED', 'RELEASED', 'SHORT');--> statement-breakpoint
CREATE TYPE "inventory"."variant_kind" AS ENUM('SIMPLE', 'BUNDLE');--> statement-breakpoint
CREATE TABLE "inventory"."availabilities" (
	"variant_id" uuid PRIMARY KEY NOT NULL,
	"product_id" uuid NOT NULL,
	"organization_id" uuid NOT NULL,
	"kind" "inventory"."variant_kind" NOT NULL,
	"tracked" boolean NOT NULL,
	"archived" boolean NOT NULL,
	"in_stock" integer NOT NULL,
	"orderable" integer NOT NULL,
	"status" "inventory"."availability_status" NOT NULL
);
--> statement-breakpoint
ALTER TABLE "inventory"."availabilities" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "inventory"."dead_letter" (
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
CREATE TABLE "inventory"."idempotency" (
	"scope" text NOT NULL,
	"operation" text NOT NULL,
	"key" text NOT NULL,
	"input_hash" text NOT NULL,
	"answer" jsonb,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "idempotency_key" PRIMARY KEY("scope","operation","key")
);
--> statement-breakpoint
CREATE TABLE "inventory"."inbox" (
	"consumer" text NOT NULL,
	"event_id" uuid NOT NULL,
	"received_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "inbox_key" PRIMARY KEY("consumer","event_id")
);
--> statement-breakpoint
CREATE TABLE "inventory"."item_components" (
	"bundle_id" uuid NOT NULL,
	"component_id" uuid NOT NULL,
	"organization_id" uuid NOT NULL,
	"quantity" integer NOT NULL,
	CONSTRAINT "item_components_key" PRIMARY KEY("bundle_id","component_id"),
	CONSTRAINT "item_components_quantity" CHECK ("inventory"."item_components"."quantity" > 0)
);
--> statement-breakpoint
ALTER TABLE "inventory"."item_components" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "inventory"."items" (
	"variant_id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"product_id" uuid NOT NULL,
	"sku" text NOT NULL,
	"title" text NOT NULL,
	"kind" "inventory"."variant_kind" NOT NULL,
	"tracked" boolean NOT NULL,
	"archived_at" timestamp (3) with time zone,
	"catalog_version" integer NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"stock_version" integer DEFAULT 0 NOT NULL,
	"low_stock_threshold" integer DEFAULT 0 NOT NULL,
	"on_hand" integer DEFAULT 0 NOT NULL,
	"reserved" integer DEFAULT 0 NOT NULL,
	"available" integer DEFAULT 0 NOT NULL,
	"in_stock" integer DEFAULT 0 NOT NULL,
	"orderable" integer DEFAULT 0 NOT NULL,
	"value_minor" bigint DEFAULT 0 NOT NULL,
	"status" "inventory"."availability_status" NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "items_tenant" UNIQUE("organization_id","variant_id"),
	CONSTRAINT "items_available" CHECK ("inventory"."items"."available" = "inventory"."items"."on_hand" - "inventory"."items"."reserved")
);
--> statement-breakpoint
ALTER TABLE "inventory"."items" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "inventory"."levels" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"variant_id" uuid NOT NULL,
	"warehouse_id" uuid NOT NULL,
	"on_hand" integer DEFAULT 0 NOT NULL,
	"reserved" integer DEFAULT 0 NOT NULL,
	"backorder_limit" integer DEFAULT 0 NOT NULL,
	"value_minor" bigint DEFAULT 0 NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "levels_place" UNIQUE("variant_id","warehouse_id"),
	CONSTRAINT "levels_on_hand" CHECK ("inventory"."levels"."on_hand" between 0 and 10000000),
	CONSTRAINT "levels_backorder_limit" CHECK ("inventory"."levels"."backorder_limit" between 0 and 1000000),
	CONSTRAINT "levels_reserved" CHECK ("inventory"."levels"."reserved" >= 0 and "inventory"."levels"."reserved" <= "inventory"."levels"."on_hand" + "inventory"."levels"."backorder_limit"),
	CONSTRAINT "levels_value" CHECK ("inventory"."levels"."value_minor" >= 0 and ("inventory"."levels"."on_hand" > 0 or "inventory"."levels"."value_minor" = 0))
);
--> statement-breakpoint
ALTER TABLE "inventory"."levels" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "inventory"."movements" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"variant_id" uuid NOT NULL,
	"warehouse_id" uuid NOT NULL,
	"kind" "inventory"."movement_kind" NOT NULL,
	"quantity" integer NOT NULL,
	"on_hand_after" integer NOT NULL,
	"value_minor" bigint NOT NULL,
	"reason" text,
	"reference" text,
	"actor_id" uuid,
	"occurred_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "movements_quantity" CHECK ("inventory"."movements"."quantity" <> 0),
	CONSTRAINT "movements_on_hand_after" CHECK ("inventory"."movements"."on_hand_after" >= 0)
);
--> statement-breakpoint
ALTER TABLE "inventory"."movements" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "inventory"."order_sellers" (
	"order_id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL
);
--> statement-breakpoint
CREATE TABLE "inventory"."outbox" (
	"position" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "inventory"."outbox_position_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"event_id" uuid NOT NULL,
	"name" text NOT NULL,
	"key" text NOT NULL,
	"envelope" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"published_at" timestamp (3) with time zone,
	CONSTRAINT "outbox_event" UNIQUE("event_id")
);
--> statement-breakpoint
CREATE TABLE "inventory"."reservation_lines" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"reservation_id" uuid NOT NULL,
	"order_line_id" uuid NOT NULL,
	"ordered_variant_id" uuid NOT NULL,
	"unit_quantity" integer NOT NULL,
	"variant_id" uuid NOT NULL,
	"warehouse_id" uuid NOT NULL,
	"quantity" integer NOT NULL,
	"fulfilled" integer DEFAULT 0 NOT NULL,
	"released" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "reservation_lines_bounds" CHECK ("inventory"."reservation_lines"."quantity" > 0 and "inventory"."reservation_lines"."fulfilled" >= 0 and "inventory"."reservation_lines"."released" >= 0 and "inventory"."reservation_lines"."fulfilled" + "inventory"."reservation_lines"."released" <= "inventory"."reservation_lines"."quantity")
);
--> statement-breakpoint
ALTER TABLE "inventory"."reservation_lines" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "inventory"."reservations" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"order_id" uuid NOT NULL,
	"status" "inventory"."reservation_status" NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"ship_to_country" char(2),
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "reservations_order" UNIQUE("order_id"),
	CONSTRAINT "reservations_tenant" UNIQUE("organization_id","id"),
	CONSTRAINT "reservations_expiry" CHECK ("inventory"."reservations"."expires_at" is null or "inventory"."reservations"."status" in ('HELD', 'SHORT'))
);
--> statement-breakpoint
ALTER TABLE "inventory"."reservations" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "inventory"."sellers" (
	"organization_id" uuid PRIMARY KEY NOT NULL,
	"currency" char(3) NOT NULL,
	"version" integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE "inventory"."sellers" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "inventory"."warehouses" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"code" text NOT NULL,
	"name" text NOT NULL,
	"address" jsonb NOT NULL,
	"priority" integer NOT NULL,
	"sells_online" boolean NOT NULL,
	"archived_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "warehouses_code" UNIQUE("organization_id","code"),
	CONSTRAINT "warehouses_tenant" UNIQUE("organization_id","id")
);
--> statement-breakpoint
ALTER TABLE "inventory"."warehouses" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "inventory"."availabilities" ADD CONSTRAINT "availabilities_item" FOREIGN KEY ("organization_id","variant_id") REFERENCES "inventory"."items"("organization_id","variant_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "inventory"."item_components" ADD CONSTRAINT "item_components_bundle" FOREIGN KEY ("organization_id","bundle_id") REFERENCES "inventory"."items"("organization_id","variant_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "inventory"."levels" ADD CONSTRAINT "levels_item" FOREIGN KEY ("organization_id","variant_id") REFERENCES "inventory"."items"("organization_id","variant_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "inventory"."levels" ADD CONSTRAINT "levels_warehouse" FOREIGN KEY ("organization_id","warehouse_id") REFERENCES "inventory"."warehouses"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "inventory"."reservation_lines" ADD CONSTRAINT "reservation_lines_reservation" FOREIGN KEY ("organization_id","reservation_id") REFERENCES "inventory"."reservations"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "inventory"."reservation_lines" ADD CONSTRAINT "reservation_lines_warehouse" FOREIGN KEY ("organization_id","warehouse_id") REFERENCES "inventory"."warehouses"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "availabilities_by_product" ON "inventory"."availabilities" USING btree ("product_id");--> statement-breakpoint
CREATE INDEX "availabilities_by_tenant" ON "inventory"."availabilities" USING btree ("organization_id");--> statement-breakpoint
CREATE INDEX "dead_letter_failed" ON "inventory"."dead_letter" USING btree ("failed_at");--> statement-breakpoint
CREATE INDEX "idempotency_created" ON "inventory"."idempotency" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "inbox_received" ON "inventory"."inbox" USING btree ("received_at");--> statement-breakpoint
CREATE INDEX "item_components_by_component" ON "inventory"."item_components" USING btree ("component_id");--> statement-breakpoint
CREATE INDEX "item_components_by_tenant" ON "inventory"."item_components" USING btree ("organization_id");--> statement-breakpoint
CREATE INDEX "items_by_sku" ON "inventory"."items" USING btree ("organization_id","sku","variant_id");--> statement-breakpoint
CREATE INDEX "items_by_available" ON "inventory"."items" USING btree ("organization_id","available","variant_id");--> statement-breakpoint
CREATE INDEX "items_by_value" ON "inventory"."items" USING btree ("organization_id","value_minor","variant_id");--> statement-breakpoint
CREATE INDEX "items_by_update" ON "inventory"."items" USING btree ("organization_id","updated_at","variant_id");--> statement-breakpoint
CREATE INDEX "items_by_product" ON "inventory"."items" USING btree ("organization_id","product_id");--> statement-breakpoint
CREATE INDEX "levels_by_tenant" ON "inventory"."levels" USING btree ("organization_id","variant_id");--> statement-breakpoint
CREATE INDEX "levels_by_warehouse" ON "inventory"."levels" USING btree ("warehouse_id","variant_id");--> statement-breakpoint
CREATE INDEX "movements_page" ON "inventory"."movements" USING btree ("organization_id","id");--> statement-breakpoint
CREATE INDEX "movements_of_level" ON "inventory"."movements" USING btree ("variant_id","warehouse_id","id");--> statement-breakpoint
CREATE INDEX "movements_by_reference" ON "inventory"."movements" USING btree ("organization_id","reference","id");--> statement-breakpoint
CREATE INDEX "order_sellers_by_tenant" ON "inventory"."order_sellers" USING btree ("organization_id");--> statement-breakpoint
CREATE INDEX "outbox_waiting_by_key" ON "inventory"."outbox" USING btree ("key","position") WHERE "inventory"."outbox"."published_at" is null;--> statement-breakpoint
CREATE INDEX "outbox_waiting" ON "inventory"."outbox" USING btree ("position") WHERE "inventory"."outbox"."published_at" is null;--> statement-breakpoint
CREATE INDEX "reservation_lines_of" ON "inventory"."reservation_lines" USING btree ("reservation_id","id");--> statement-breakpoint
CREATE INDEX "reservation_lines_open" ON "inventory"."reservation_lines" USING btree ("variant_id","warehouse_id","reservation_id") WHERE "inventory"."reservation_lines"."fulfilled" + "inventory"."reservation_lines"."released" < "inventory"."reservation_lines"."quantity";--> statement-breakpoint
CREATE INDEX "reservation_lines_by_tenant" ON "inventory"."reservation_lines" USING btree ("organization_id");--> statement-breakpoint
CREATE INDEX "reservations_overdue" ON "inventory"."reservations" USING btree ("expires_at") WHERE "inventory"."reservations"."expires_at" is not null;--> statement-breakpoint
CREATE POLICY "tenant_only_organization_id" ON "inventory"."availabilities" AS PERMISSIVE FOR ALL TO public USING ("inventory"."availabilities"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("inventory"."availabilities"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "public_read_availabilities" ON "inventory"."availabilities" AS PERMISSIVE FOR SELECT TO public USING (true);--> statement-breakpoint
CREATE POLICY "tenant_only_organization_id" ON "inventory"."item_components" AS PERMISSIVE FOR ALL TO public USING ("inventory"."item_components"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("inventory"."item_components"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "public_read_components" ON "inventory"."item_components" AS PERMISSIVE FOR SELECT TO public USING (true);--> statement-breakpoint
CREATE POLICY "tenant_only_organization_id" ON "inventory"."items" AS PERMISSIVE FOR ALL TO public USING ("inventory"."items"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("inventory"."items"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "tenant_only_organization_id" ON "inventory"."levels" AS PERMISSIVE FOR ALL TO public USING ("inventory"."levels"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("inventory"."levels"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "tenant_only_organization_id" ON "inventory"."movements" AS PERMISSIVE FOR ALL TO public USING ("inventory"."movements"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("inventory"."movements"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "tenant_only_organization_id" ON "inventory"."reservation_lines" AS PERMISSIVE FOR ALL TO public USING ("inventory"."reservation_lines"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("inventory"."reservation_lines"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "tenant_only_organization_id" ON "inventory"."reservations" AS PERMISSIVE FOR ALL TO public USING ("inventory"."reservations"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("inventory"."reservations"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "tenant_only_organization_id" ON "inventory"."sellers" AS PERMISSIVE FOR ALL TO public USING ("inventory"."sellers"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("inventory"."sellers"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "tenant_only_organization_id" ON "inventory"."warehouses" AS PERMISSIVE FOR ALL TO public USING ("inventory"."warehouses"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("inventory"."warehouses"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
REVOKE UPDATE, DELETE, TRUNCATE ON "inventory"."movements" FROM "supergraph_inventory";
--> statement-breakpoint
CREATE FUNCTION "inventory"."erase_movements"() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  WITH gone AS (DELETE FROM "inventory"."movements" WHERE "organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid RETURNING 1)
  SELECT count(*) FROM gone
$$;
--> statement-breakpoint
COMMENT ON FUNCTION "inventory"."erase_movements"() IS 'The only way out of the ledger: removes the rows of the tenant that the transaction chose, when that tenant is erased.';
--> statement-breakpoint
REVOKE ALL ON FUNCTION "inventory"."erase_movements"() FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION "inventory"."erase_movements"() TO "supergraph_inventory";
