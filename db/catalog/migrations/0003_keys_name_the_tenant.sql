ALTER TABLE "catalog"."facet_values" DROP CONSTRAINT "facet_values_product_id_products_id_fk";--> statement-breakpoint
ALTER TABLE "catalog"."facet_values" DROP CONSTRAINT "facet_values_variant_id_variants_id_fk";--> statement-breakpoint
ALTER TABLE "catalog"."listing" DROP CONSTRAINT "listing_product_id_products_id_fk";--> statement-breakpoint
ALTER TABLE "catalog"."offers" DROP CONSTRAINT "offers_variant_id_variants_id_fk";--> statement-breakpoint
ALTER TABLE "catalog"."offers" DROP CONSTRAINT "offers_product_id_products_id_fk";--> statement-breakpoint
ALTER TABLE "catalog"."shelf" DROP CONSTRAINT "shelf_product_id_products_id_fk";--> statement-breakpoint
ALTER TABLE "catalog"."product_categories" DROP CONSTRAINT "product_categories_product_id_products_id_fk";--> statement-breakpoint
ALTER TABLE "catalog"."product_slugs" DROP CONSTRAINT "product_slugs_product_id_products_id_fk";--> statement-breakpoint
ALTER TABLE "catalog"."variant_price_history" DROP CONSTRAINT "variant_price_history_variant_id_variants_id_fk";--> statement-breakpoint
ALTER TABLE "catalog"."variant_prices" DROP CONSTRAINT "variant_prices_variant_id_variants_id_fk";--> statement-breakpoint
ALTER TABLE "catalog"."variant_prices" DROP CONSTRAINT "variant_prices_product_id_products_id_fk";--> statement-breakpoint
ALTER TABLE "catalog"."variants" DROP CONSTRAINT "variants_product_id_products_id_fk";--> statement-breakpoint
DROP INDEX "catalog"."products_seller_page";--> statement-breakpoint
CREATE UNIQUE INDEX "variants_of_seller" ON "catalog"."variants" USING btree ("seller_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "products_seller_page" ON "catalog"."products" USING btree ("seller_id","id");--> statement-breakpoint
ALTER TABLE "catalog"."facet_values" ADD CONSTRAINT "facet_values_of_product" FOREIGN KEY ("seller_id","product_id") REFERENCES "catalog"."products"("seller_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "catalog"."facet_values" ADD CONSTRAINT "facet_values_of_variant" FOREIGN KEY ("seller_id","variant_id") REFERENCES "catalog"."variants"("seller_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "catalog"."listing" ADD CONSTRAINT "listing_of_product" FOREIGN KEY ("seller_id","product_id") REFERENCES "catalog"."products"("seller_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "catalog"."offers" ADD CONSTRAINT "offers_of_product" FOREIGN KEY ("seller_id","product_id") REFERENCES "catalog"."products"("seller_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "catalog"."offers" ADD CONSTRAINT "offers_of_variant" FOREIGN KEY ("seller_id","variant_id") REFERENCES "catalog"."variants"("seller_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "catalog"."shelf" ADD CONSTRAINT "shelf_of_product" FOREIGN KEY ("seller_id","product_id") REFERENCES "catalog"."products"("seller_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "catalog"."product_categories" ADD CONSTRAINT "product_categories_of_product" FOREIGN KEY ("seller_id","product_id") REFERENCES "catalog"."products"("seller_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "catalog"."product_slugs" ADD CONSTRAINT "product_slugs_of_product" FOREIGN KEY ("seller_id","product_id") REFERENCES "catalog"."products"("seller_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "catalog"."variant_price_history" ADD CONSTRAINT "variant_price_history_of_variant" FOREIGN KEY ("seller_id","variant_id") REFERENCES "catalog"."variants"("seller_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "catalog"."variant_prices" ADD CONSTRAINT "variant_prices_of_product" FOREIGN KEY ("seller_id","product_id") REFERENCES "catalog"."products"("seller_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "catalog"."variant_prices" ADD CONSTRAINT "variant_prices_of_variant" FOREIGN KEY ("seller_id","variant_id") REFERENCES "catalog"."variants"("seller_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "catalog"."variants" ADD CONSTRAINT "variants_of_product" FOREIGN KEY ("seller_id","product_id") REFERENCES "catalog"."products"("seller_id","id") ON DELETE cascade ON UPDATE no action;
