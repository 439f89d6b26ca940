CREATE SCHEMA "catalog";
--> statement-breakpoint
CREATE TYPE "catalog"."attribute_kind" AS ENUM('TEXT', 'NUMBER', 'BOOLEAN', 'DATE', 'CHOICE', 'CHOICES', 'ISBN');--> statement-breakpoint
CREATE TYPE "catalog"."product_status" AS ENUM('DRAFT', 'SCHEDULED', 'ACTIVE', 'ARCHIVED');--> statement-breakpoint
CREATE TYPE "catalog"."variant_kind" AS ENUM('SIMPLE', 'BUNDLE');--> statement-breakpoint
CREATE TYPE "catalog"."variant_status" AS ENUM('ACTIVE', 'ARCHIVED');--> statement-breakpoint
CREATE TABLE "catalog"."facet_values" (
	"id" uuid PRIMARY KEY NOT NULL,
	"product_id" uuid NOT NULL,
	"variant_id" uuid,
	"seller_id" uuid NOT NULL,
	"listed" boolean NOT NULL,
	"code" text NOT NULL,
	"text" text,
	"number" double precision,
	"date" date
);
--> statement-breakpoint
ALTER TABLE "catalog"."facet_values" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "catalog"."listing" (
	"product_id" uuid NOT NULL,
	"seller_id" uuid NOT NULL,
	"currency" text NOT NULL,
	"status" "catalog"."product_status" NOT NULL,
	"type_code" text NOT NULL,
	"title_sort" text NOT NULL,
	"title" text NOT NULL,
	"price_up" numeric NOT NULL,
	"price_down" numeric NOT NULL,
	"on_sale" boolean NOT NULL,
	"in_stock" boolean NOT NULL,
	"rating_up" numeric NOT NULL,
	"rating_down" numeric NOT NULL,
	"sold30d" integer DEFAULT 0 NOT NULL,
	"published_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	"tags" text[] NOT NULL,
	"category_ids" uuid[] NOT NULL,
	"skus" text[] NOT NULL,
	"barcodes" text[] NOT NULL,
	"search" "tsvector" NOT NULL,
	"title_search" "tsvector" NOT NULL,
	CONSTRAINT "listing_key" PRIMARY KEY("product_id","currency")
);
--> statement-breakpoint
ALTER TABLE "catalog"."listing" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "catalog"."offers" (
	"variant_id" uuid NOT NULL,
	"currency" text NOT NULL,
	"product_id" uuid NOT NULL,
	"seller_id" uuid NOT NULL,
	"listed" boolean NOT NULL,
	"price" double precision,
	"on_sale" boolean NOT NULL,
	"in_stock" boolean NOT NULL,
	CONSTRAINT "offers_key" PRIMARY KEY("variant_id","currency")
);
--> statement-breakpoint
ALTER TABLE "catalog"."offers" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "catalog"."shelf" (
	"product_id" uuid NOT NULL,
	"seller_id" uuid NOT NULL,
	"currency" text NOT NULL,
	"status" "catalog"."product_status" NOT NULL,
	"type_code" text NOT NULL,
	"title_sort" text NOT NULL,
	"title" text NOT NULL,
	"price_up" numeric NOT NULL,
	"price_down" numeric NOT NULL,
	"on_sale" boolean NOT NULL,
	"in_stock" boolean NOT NULL,
	"rating_up" numeric NOT NULL,
	"rating_down" numeric NOT NULL,
	"sold30d" integer DEFAULT 0 NOT NULL,
	"published_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	"tags" text[] NOT NULL,
	"category_ids" uuid[] NOT NULL,
	"skus" text[] NOT NULL,
	"barcodes" text[] NOT NULL,
	"search" "tsvector" NOT NULL,
	"title_search" "tsvector" NOT NULL,
	CONSTRAINT "shelf_key" PRIMARY KEY("product_id","currency")
);
--> statement-breakpoint
ALTER TABLE "catalog"."shelf" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "catalog"."product_categories" (
	"product_id" uuid NOT NULL,
	"category_id" uuid NOT NULL,
	"seller_id" uuid NOT NULL,
	"position" smallint NOT NULL,
	CONSTRAINT "product_categories_key" PRIMARY KEY("product_id","category_id")
);
--> statement-breakpoint
ALTER TABLE "catalog"."product_categories" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "catalog"."product_slugs" (
	"seller_id" uuid NOT NULL,
	"slug" text NOT NULL,
	"product_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "product_slugs_key" PRIMARY KEY("seller_id","slug")
);
--> statement-breakpoint
ALTER TABLE "catalog"."product_slugs" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "catalog"."products" (
	"id" uuid PRIMARY KEY NOT NULL,
	"seller_id" uuid NOT NULL,
	"type_id" uuid NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"status" "catalog"."product_status" DEFAULT 'DRAFT' NOT NULL,
	"slug" text NOT NULL,
	"title" text NOT NULL,
	"subtitle" text,
	"description" text,
	"tags" text[] DEFAULT '{}' NOT NULL,
	"attributes" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"options" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"hidden" boolean DEFAULT false NOT NULL,
	"first_published_at" timestamp (3) with time zone,
	"publish_at" timestamp (3) with time zone,
	"published_at" timestamp (3) with time zone,
	"unpublish_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "products_slug" UNIQUE("seller_id","slug")
);
--> statement-breakpoint
ALTER TABLE "catalog"."products" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "catalog"."dead_letter" (
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
CREATE TABLE "catalog"."idempotency" (
	"scope" text NOT NULL,
	"operation" text NOT NULL,
	"key" text NOT NULL,
	"input_hash" text NOT NULL,
	"answer" jsonb,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "idempotency_key" PRIMARY KEY("scope","operation","key")
);
--> statement-breakpoint
CREATE TABLE "catalog"."inbox" (
	"consumer" text NOT NULL,
	"event_id" uuid NOT NULL,
	"received_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "inbox_key" PRIMARY KEY("consumer","event_id")
);
--> statement-breakpoint
CREATE TABLE "catalog"."outbox" (
	"position" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "catalog"."outbox_position_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"event_id" uuid NOT NULL,
	"name" text NOT NULL,
	"key" text NOT NULL,
	"envelope" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"published_at" timestamp (3) with time zone,
	CONSTRAINT "outbox_event" UNIQUE("event_id")
);
--> statement-breakpoint
CREATE TABLE "catalog"."directory" (
	"id" uuid PRIMARY KEY NOT NULL,
	"seller_id" uuid NOT NULL,
	"due_at" timestamp (3) with time zone
);
--> statement-breakpoint
ALTER TABLE "catalog"."directory" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "catalog"."product_ratings" (
	"product_id" uuid PRIMARY KEY NOT NULL,
	"average" numeric,
	"version" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "catalog"."sellers" (
	"id" uuid PRIMARY KEY NOT NULL,
	"suspended" boolean DEFAULT false NOT NULL,
	"suspension_heard_at" timestamp (3) with time zone,
	"archived" boolean DEFAULT false NOT NULL,
	"archiving_heard_at" timestamp (3) with time zone
);
--> statement-breakpoint
ALTER TABLE "catalog"."sellers" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "catalog"."variant_stock" (
	"variant_id" uuid PRIMARY KEY NOT NULL,
	"seller_id" uuid NOT NULL,
	"in_stock" boolean NOT NULL,
	"version" integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE "catalog"."variant_stock" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "catalog"."attribute_definitions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"type_id" uuid NOT NULL,
	"seller_id" uuid,
	"code" text NOT NULL,
	"name" text NOT NULL,
	"kind" "catalog"."attribute_kind" NOT NULL,
	"unit" text,
	"choices" text[] DEFAULT '{}' NOT NULL,
	"required" boolean DEFAULT false NOT NULL,
	"filterable" boolean DEFAULT false NOT NULL,
	"per_variant" boolean DEFAULT false NOT NULL,
	"position" integer NOT NULL,
	CONSTRAINT "attribute_definitions_code" UNIQUE("type_id","code")
);
--> statement-breakpoint
ALTER TABLE "catalog"."attribute_definitions" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "catalog"."categories" (
	"id" uuid PRIMARY KEY NOT NULL,
	"seller_id" uuid,
	"slug" text NOT NULL,
	"name" text NOT NULL,
	"parent_id" uuid,
	"path" uuid[] NOT NULL,
	"position" integer NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "categories_slug" UNIQUE NULLS NOT DISTINCT("seller_id","slug"),
	CONSTRAINT "categories_depth" CHECK (cardinality("catalog"."categories"."path") between 1 and 8)
);
--> statement-breakpoint
ALTER TABLE "catalog"."categories" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "catalog"."product_types" (
	"id" uuid PRIMARY KEY NOT NULL,
	"seller_id" uuid,
	"code" text NOT NULL,
	"name" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "product_types_code" UNIQUE NULLS NOT DISTINCT("seller_id","code")
);
--> statement-breakpoint
ALTER TABLE "catalog"."product_types" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "catalog"."variant_price_history" (
	"id" uuid PRIMARY KEY NOT NULL,
	"variant_id" uuid NOT NULL,
	"seller_id" uuid NOT NULL,
	"regular_minor" bigint,
	"currency" char(3) NOT NULL,
	"sale_minor" bigint,
	"sale_starts_at" timestamp (3) with time zone,
	"sale_ends_at" timestamp (3) with time zone,
	"set_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "variant_price_history_moment" UNIQUE("variant_id","currency","set_at")
);
--> statement-breakpoint
ALTER TABLE "catalog"."variant_price_history" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "catalog"."variant_prices" (
	"variant_id" uuid NOT NULL,
	"product_id" uuid NOT NULL,
	"seller_id" uuid NOT NULL,
	"position" smallint NOT NULL,
	"regular_minor" bigint NOT NULL,
	"currency" char(3) NOT NULL,
	"sale_minor" bigint,
	"sale_starts_at" timestamp (3) with time zone,
	"sale_ends_at" timestamp (3) with time zone,
	"reduction_began_at" timestamp (3) with time zone,
	"prior_lowest_minor" bigint,
	CONSTRAINT "variant_prices_key" PRIMARY KEY("variant_id","currency"),
	CONSTRAINT "variant_prices_regular" CHECK ("catalog"."variant_prices"."regular_minor" >= 0),
	CONSTRAINT "variant_prices_sale" CHECK ("catalog"."variant_prices"."sale_minor" >= 0 and "catalog"."variant_prices"."sale_minor" < "catalog"."variant_prices"."regular_minor")
);
--> statement-breakpoint
ALTER TABLE "catalog"."variant_prices" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "catalog"."variants" (
	"id" uuid PRIMARY KEY NOT NULL,
	"product_id" uuid NOT NULL,
	"seller_id" uuid NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"revision" integer DEFAULT 1 NOT NULL,
	"sku" text NOT NULL,
	"barcode" text,
	"title" text NOT NULL,
	"status" "catalog"."variant_status" DEFAULT 'ACTIVE' NOT NULL,
	"kind" "catalog"."variant_kind" DEFAULT 'SIMPLE' NOT NULL,
	"option_values" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"option_hash" text NOT NULL,
	"attributes" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"tax_class" text DEFAULT 'standard' NOT NULL,
	"weight_grams" integer,
	"requires_shipping" boolean DEFAULT true NOT NULL,
	"track_inventory" boolean DEFAULT true NOT NULL,
	"cost_minor" bigint,
	"cost_currency" char(3),
	"position" integer NOT NULL,
	"first_published_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "variants_weight" CHECK ("catalog"."variants"."weight_grams" >= 0)
);
--> statement-breakpoint
ALTER TABLE "catalog"."variants" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "catalog"."facet_values" ADD CONSTRAINT "facet_values_product_id_products_id_fk" FOREIGN KEY ("product_id") REFERENCES "catalog"."products"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "catalog"."facet_values" ADD CONSTRAINT "facet_values_variant_id_variants_id_fk" FOREIGN KEY ("variant_id") REFERENCES "catalog"."variants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "catalog"."listing" ADD CONSTRAINT "listing_product_id_products_id_fk" FOREIGN KEY ("product_id") REFERENCES "catalog"."products"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "catalog"."offers" ADD CONSTRAINT "offers_variant_id_variants_id_fk" FOREIGN KEY ("variant_id") REFERENCES "catalog"."variants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "catalog"."offers" ADD CONSTRAINT "offers_product_id_products_id_fk" FOREIGN KEY ("product_id") REFERENCES "catalog"."products"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "catalog"."shelf" ADD CONSTRAINT "shelf_product_id_products_id_fk" FOREIGN KEY ("product_id") REFERENCES "catalog"."products"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "catalog"."product_categories" ADD CONSTRAINT "product_categories_product_id_products_id_fk" FOREIGN KEY ("product_id") REFERENCES "catalog"."products"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "catalog"."product_categories" ADD CONSTRAINT "product_categories_category_id_categories_id_fk" FOREIGN KEY ("category_id") REFERENCES "catalog"."categories"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "catalog"."product_slugs" ADD CONSTRAINT "product_slugs_product_id_products_id_fk" FOREIGN KEY ("product_id") REFERENCES "catalog"."products"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "catalog"."products" ADD CONSTRAINT "products_type_id_product_types_id_fk" FOREIGN KEY ("type_id") REFERENCES "catalog"."product_types"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "catalog"."attribute_definitions" ADD CONSTRAINT "attribute_definitions_type_id_product_types_id_fk" FOREIGN KEY ("type_id") REFERENCES "catalog"."product_types"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "catalog"."categories" ADD CONSTRAINT "categories_parent_id_categories_id_fk" FOREIGN KEY ("parent_id") REFERENCES "catalog"."categories"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "catalog"."variant_price_history" ADD CONSTRAINT "variant_price_history_variant_id_variants_id_fk" FOREIGN KEY ("variant_id") REFERENCES "catalog"."variants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "catalog"."variant_prices" ADD CONSTRAINT "variant_prices_variant_id_variants_id_fk" FOREIGN KEY ("variant_id") REFERENCES "catalog"."variants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "catalog"."variant_prices" ADD CONSTRAINT "variant_prices_product_id_products_id_fk" FOREIGN KEY ("product_id") REFERENCES "catalog"."products"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "catalog"."variants" ADD CONSTRAINT "variants_product_id_products_id_fk" FOREIGN KEY ("product_id") REFERENCES "catalog"."products"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "facet_values_text" ON "catalog"."facet_values" USING btree ("code","text","product_id");--> statement-breakpoint
CREATE INDEX "facet_values_number" ON "catalog"."facet_values" USING btree ("code","number","product_id");--> statement-breakpoint
CREATE INDEX "facet_values_date" ON "catalog"."facet_values" USING btree ("code","date","product_id");--> statement-breakpoint
CREATE INDEX "facet_values_product" ON "catalog"."facet_values" USING btree ("product_id");--> statement-breakpoint
CREATE INDEX "listing_newest" ON "catalog"."listing" USING btree ("currency","published_at","product_id");--> statement-breakpoint
CREATE INDEX "listing_title" ON "catalog"."listing" USING btree ("currency","title_sort","product_id");--> statement-breakpoint
CREATE INDEX "listing_title_prefix" ON "catalog"."listing" USING btree ("currency","title_sort" text_pattern_ops);--> statement-breakpoint
CREATE INDEX "listing_price_up" ON "catalog"."listing" USING btree ("currency","price_up","product_id");--> statement-breakpoint
CREATE INDEX "listing_price_down" ON "catalog"."listing" USING btree ("currency","price_down","product_id");--> statement-breakpoint
CREATE INDEX "listing_rating_up" ON "catalog"."listing" USING btree ("currency","rating_up","product_id");--> statement-breakpoint
CREATE INDEX "listing_rating_down" ON "catalog"."listing" USING btree ("currency","rating_down","product_id");--> statement-breakpoint
CREATE INDEX "listing_sold" ON "catalog"."listing" USING btree ("currency","sold30d","product_id");--> statement-breakpoint
CREATE INDEX "listing_updated" ON "catalog"."listing" USING btree ("currency","updated_at","product_id");--> statement-breakpoint
CREATE INDEX "listing_seller" ON "catalog"."listing" USING btree ("seller_id","currency","product_id");--> statement-breakpoint
CREATE INDEX "listing_search" ON "catalog"."listing" USING gin ("search") WITH (fastupdate=false);--> statement-breakpoint
CREATE INDEX "listing_title_search" ON "catalog"."listing" USING gin ("title_search") WITH (fastupdate=false);--> statement-breakpoint
CREATE INDEX "listing_tags" ON "catalog"."listing" USING gin ("tags") WITH (fastupdate=false);--> statement-breakpoint
CREATE INDEX "listing_categories" ON "catalog"."listing" USING gin ("category_ids") WITH (fastupdate=false);--> statement-breakpoint
CREATE INDEX "listing_skus" ON "catalog"."listing" USING gin ("skus") WITH (fastupdate=false);--> statement-breakpoint
CREATE INDEX "listing_barcodes" ON "catalog"."listing" USING gin ("barcodes") WITH (fastupdate=false);--> statement-breakpoint
CREATE INDEX "offers_price" ON "catalog"."offers" USING btree ("currency","price","product_id");--> statement-breakpoint
CREATE INDEX "offers_product" ON "catalog"."offers" USING btree ("product_id","currency");--> statement-breakpoint
CREATE INDEX "shelf_updated" ON "catalog"."shelf" USING btree ("seller_id","currency","updated_at","product_id");--> statement-breakpoint
CREATE INDEX "shelf_title" ON "catalog"."shelf" USING btree ("seller_id","currency","title_sort","product_id");--> statement-breakpoint
CREATE INDEX "shelf_newest" ON "catalog"."shelf" USING btree ("seller_id","currency","published_at","product_id");--> statement-breakpoint
CREATE INDEX "product_categories_category" ON "catalog"."product_categories" USING btree ("category_id");--> statement-breakpoint
CREATE INDEX "product_slugs_product" ON "catalog"."product_slugs" USING btree ("product_id");--> statement-breakpoint
CREATE INDEX "products_seller_page" ON "catalog"."products" USING btree ("seller_id","id");--> statement-breakpoint
CREATE INDEX "products_type" ON "catalog"."products" USING btree ("type_id");--> statement-breakpoint
CREATE INDEX "dead_letter_failed" ON "catalog"."dead_letter" USING btree ("failed_at");--> statement-breakpoint
CREATE INDEX "idempotency_created" ON "catalog"."idempotency" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "inbox_received" ON "catalog"."inbox" USING btree ("received_at");--> statement-breakpoint
CREATE INDEX "outbox_waiting_by_key" ON "catalog"."outbox" USING btree ("key","position") WHERE "catalog"."outbox"."published_at" is null;--> statement-breakpoint
CREATE INDEX "outbox_waiting" ON "catalog"."outbox" USING btree ("position") WHERE "catalog"."outbox"."published_at" is null;--> statement-breakpoint
CREATE INDEX "directory_due" ON "catalog"."directory" USING btree ("due_at") WHERE "catalog"."directory"."due_at" is not null;--> statement-breakpoint
CREATE INDEX "directory_seller" ON "catalog"."directory" USING btree ("seller_id");--> statement-breakpoint
CREATE INDEX "categories_children" ON "catalog"."categories" USING btree ("parent_id","position");--> statement-breakpoint
CREATE INDEX "categories_path" ON "catalog"."categories" USING gin ("path");--> statement-breakpoint
CREATE INDEX "variant_prices_product" ON "catalog"."variant_prices" USING btree ("product_id");--> statement-breakpoint
CREATE UNIQUE INDEX "variants_sku" ON "catalog"."variants" USING btree ("seller_id",lower("sku"));--> statement-breakpoint
CREATE UNIQUE INDEX "variants_options" ON "catalog"."variants" USING btree ("product_id","option_hash") WHERE "catalog"."variants"."status" = 'ACTIVE';--> statement-breakpoint
CREATE POLICY "tenant_only_seller_id" ON "catalog"."facet_values" AS PERMISSIVE FOR ALL TO public USING ("catalog"."facet_values"."seller_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("catalog"."facet_values"."seller_id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "public_read_facet_values" ON "catalog"."facet_values" AS PERMISSIVE FOR SELECT TO public USING ("catalog"."facet_values"."listed");--> statement-breakpoint
CREATE POLICY "tenant_only_seller_id" ON "catalog"."listing" AS PERMISSIVE FOR ALL TO public USING ("catalog"."listing"."seller_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("catalog"."listing"."seller_id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "public_read_listing" ON "catalog"."listing" AS PERMISSIVE FOR SELECT TO public USING (true);--> statement-breakpoint
CREATE POLICY "tenant_only_seller_id" ON "catalog"."offers" AS PERMISSIVE FOR ALL TO public USING ("catalog"."offers"."seller_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("catalog"."offers"."seller_id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "public_read_offers" ON "catalog"."offers" AS PERMISSIVE FOR SELECT TO public USING ("catalog"."offers"."listed");--> statement-breakpoint
CREATE POLICY "tenant_only_seller_id" ON "catalog"."shelf" AS PERMISSIVE FOR ALL TO public USING ("catalog"."shelf"."seller_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("catalog"."shelf"."seller_id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "tenant_only_seller_id" ON "catalog"."product_categories" AS PERMISSIVE FOR ALL TO public USING ("catalog"."product_categories"."seller_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("catalog"."product_categories"."seller_id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "public_read_product_categories" ON "catalog"."product_categories" AS PERMISSIVE FOR SELECT TO public USING (exists (select from "catalog"."products" shown where shown.id = "catalog"."product_categories"."product_id"));--> statement-breakpoint
CREATE POLICY "tenant_only_seller_id" ON "catalog"."product_slugs" AS PERMISSIVE FOR ALL TO public USING ("catalog"."product_slugs"."seller_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("catalog"."product_slugs"."seller_id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "public_read_product_slugs" ON "catalog"."product_slugs" AS PERMISSIVE FOR SELECT TO public USING (exists (select from "catalog"."products" shown where shown.id = "catalog"."product_slugs"."product_id"));--> statement-breakpoint
CREATE POLICY "tenant_only_seller_id" ON "catalog"."products" AS PERMISSIVE FOR ALL TO public USING ("catalog"."products"."seller_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("catalog"."products"."seller_id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "public_read_products" ON "catalog"."products" AS PERMISSIVE FOR SELECT TO public USING (not "catalog"."products"."hidden" and ("catalog"."products"."status" = 'ACTIVE' or "catalog"."products"."status" = 'ARCHIVED' and "catalog"."products"."first_published_at" is not null));--> statement-breakpoint
CREATE POLICY "tenant_only_seller_id" ON "catalog"."directory" AS PERMISSIVE FOR ALL TO public USING ("catalog"."directory"."seller_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("catalog"."directory"."seller_id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "public_read_directory" ON "catalog"."directory" AS PERMISSIVE FOR SELECT TO public USING (true);--> statement-breakpoint
CREATE POLICY "tenant_only_id" ON "catalog"."sellers" AS PERMISSIVE FOR ALL TO public USING ("catalog"."sellers"."id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("catalog"."sellers"."id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "tenant_only_seller_id" ON "catalog"."variant_stock" AS PERMISSIVE FOR ALL TO public USING ("catalog"."variant_stock"."seller_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("catalog"."variant_stock"."seller_id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "tenant_or_none_seller_id" ON "catalog"."attribute_definitions" AS PERMISSIVE FOR ALL TO public USING (("catalog"."attribute_definitions"."seller_id" is null or "catalog"."attribute_definitions"."seller_id" = nullif(current_setting('app.organization_id', true), '')::uuid)) WITH CHECK (("catalog"."attribute_definitions"."seller_id" is null or "catalog"."attribute_definitions"."seller_id" = nullif(current_setting('app.organization_id', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "public_read_attribute_definitions" ON "catalog"."attribute_definitions" AS PERMISSIVE FOR SELECT TO public USING (true);--> statement-breakpoint
CREATE POLICY "tenant_or_none_seller_id" ON "catalog"."categories" AS PERMISSIVE FOR ALL TO public USING (("catalog"."categories"."seller_id" is null or "catalog"."categories"."seller_id" = nullif(current_setting('app.organization_id', true), '')::uuid)) WITH CHECK (("catalog"."categories"."seller_id" is null or "catalog"."categories"."seller_id" = nullif(current_setting('app.organization_id', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "public_read_categories" ON "catalog"."categories" AS PERMISSIVE FOR SELECT TO public USING (true);--> statement-breakpoint
CREATE POLICY "tenant_or_none_seller_id" ON "catalog"."product_types" AS PERMISSIVE FOR ALL TO public USING (("catalog"."product_types"."seller_id" is null or "catalog"."product_types"."seller_id" = nullif(current_setting('app.organization_id', true), '')::uuid)) WITH CHECK (("catalog"."product_types"."seller_id" is null or "catalog"."product_types"."seller_id" = nullif(current_setting('app.organization_id', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "public_read_product_types" ON "catalog"."product_types" AS PERMISSIVE FOR SELECT TO public USING (true);--> statement-breakpoint
CREATE POLICY "tenant_only_seller_id" ON "catalog"."variant_price_history" AS PERMISSIVE FOR ALL TO public USING ("catalog"."variant_price_history"."seller_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("catalog"."variant_price_history"."seller_id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "tenant_only_seller_id" ON "catalog"."variant_prices" AS PERMISSIVE FOR ALL TO public USING ("catalog"."variant_prices"."seller_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("catalog"."variant_prices"."seller_id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "public_read_variant_prices" ON "catalog"."variant_prices" AS PERMISSIVE FOR SELECT TO public USING (exists (select from "catalog"."products" shown where shown.id = "catalog"."variant_prices"."product_id"));--> statement-breakpoint
CREATE POLICY "tenant_only_seller_id" ON "catalog"."variants" AS PERMISSIVE FOR ALL TO public USING ("catalog"."variants"."seller_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("catalog"."variants"."seller_id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "public_read_variants" ON "catalog"."variants" AS PERMISSIVE FOR SELECT TO public USING (exists (select from "catalog"."products" shown where shown.id = "catalog"."variants"."product_id"));