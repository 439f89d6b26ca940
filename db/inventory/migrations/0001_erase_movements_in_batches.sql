-- Beside the one that takes all at once, which goes a release later.
CREATE FUNCTION "inventory"."erase_movements"("most" integer) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH batch AS (SELECT "id" FROM "inventory"."movements" WHERE "organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid LIMIT "most"),
    gone AS (DELETE FROM "inventory"."movements" WHERE "id" IN (SELECT "id" FROM batch) RETURNING 1)
  SELECT count(*) FROM gone
$$;
--> statement-breakpoint
COMMENT ON FUNCTION "inventory"."erase_movements"(integer) IS 'Removes at most so many rows of the ledger, of the tenant that the transaction chose, when that tenant is erased.';
--> statement-breakpoint
REVOKE ALL ON FUNCTION "inventory"."erase_movements"(integer) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION "inventory"."erase_movements"(integer) TO "supergraph_inventory";
