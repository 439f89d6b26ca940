-- Written by hand: partitions, triggers and functions are beyond drizzle-kit.
ALTER TABLE "accounts"."audit_events" RENAME TO "audit_events_before";
--> statement-breakpoint
DROP INDEX "accounts"."audit_events_position";
--> statement-breakpoint
DROP INDEX "accounts"."audit_events_actor";
--> statement-breakpoint
DROP INDEX "accounts"."audit_events_target";
--> statement-breakpoint
CREATE TABLE "accounts"."audit_events" (
	"id" uuid NOT NULL,
	"position" bigint NOT NULL,
	"name" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"actor_id" uuid,
	"on_behalf_of_id" uuid,
	"subject_id" uuid,
	"client_id" text,
	"organization_id" uuid,
	"target" text,
	"ip_address" text,
	"details" jsonb NOT NULL,
	"previous_hash" text NOT NULL,
	"hash" text NOT NULL,
	CONSTRAINT "audit_events_key" PRIMARY KEY ("at", "position")
) PARTITION BY RANGE ("at");
--> statement-breakpoint
CREATE INDEX "audit_events_chain" ON "accounts"."audit_events" USING btree ("position");
--> statement-breakpoint
CREATE INDEX "audit_events_actor" ON "accounts"."audit_events" USING btree ("actor_id","position");
--> statement-breakpoint
CREATE INDEX "audit_events_subject" ON "accounts"."audit_events" USING btree ("subject_id","position");
--> statement-breakpoint
CREATE INDEX "audit_events_target" ON "accounts"."audit_events" USING btree ("target","position");
--> statement-breakpoint
CREATE TABLE "accounts"."audit_head" (
	"one" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"position" bigint NOT NULL,
	"hash" text NOT NULL,
	CONSTRAINT "audit_head_one" CHECK ("accounts"."audit_head"."one")
);
--> statement-breakpoint
INSERT INTO "accounts"."audit_head" ("position", "hash") VALUES (0, '');
--> statement-breakpoint
-- The service's role reads; it appends through the function below alone.
REVOKE ALL ON "accounts"."audit_events", "accounts"."audit_head" FROM "supergraph_accounts";
--> statement-breakpoint
GRANT SELECT ON "accounts"."audit_events", "accounts"."audit_head" TO "supergraph_accounts";
--> statement-breakpoint
-- Grants bind the role; this binds whoever comes past it, too.
CREATE FUNCTION "accounts"."refuse_audit_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'the audit log only grows' USING ERRCODE = 'insufficient_privilege';
END $$;
--> statement-breakpoint
CREATE TRIGGER "audit_events_fixed" BEFORE UPDATE OR DELETE ON "accounts"."audit_events" FOR EACH ROW EXECUTE FUNCTION "accounts"."refuse_audit_change"();
--> statement-breakpoint
-- The partition of the month that a moment falls into. Default privileges would give the role more than it may have.
CREATE FUNCTION "accounts"."ensure_audit_month"("moment" timestamptz) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	begins date := date_trunc('month', moment AT TIME ZONE 'UTC');
	month text := format('audit_events_%s', to_char(begins, 'YYYY_MM'));
BEGIN
	IF to_regclass('accounts.' || month) IS NOT NULL THEN RETURN; END IF;
	-- Of two that find it missing the second waits here, and finds it.
	PERFORM pg_advisory_xact_lock(hashtextextended('accounts:audit-months', 0));
	IF to_regclass('accounts.' || month) IS NOT NULL THEN RETURN; END IF;
	EXECUTE format('CREATE TABLE accounts.%I PARTITION OF accounts.audit_events FOR VALUES FROM (%L) TO (%L)',
		month, begins || ' 00:00:00+00', (begins + interval '1 month')::date || ' 00:00:00+00');
	EXECUTE format('REVOKE ALL ON accounts.%I FROM supergraph_accounts', month);
	EXECUTE format('GRANT SELECT ON accounts.%I TO supergraph_accounts', month);
END $$;
--> statement-breakpoint
-- Everything that an entry says, and the hash of the one before.
CREATE FUNCTION "accounts"."audit_hash"("entry" "accounts"."audit_events") RETURNS text LANGUAGE sql STABLE AS $$
	SELECT encode(sha256(convert_to(jsonb_build_array(
		entry.id, entry.position, entry.name, (extract(epoch FROM entry.at) * 1000)::bigint, entry.actor_id, entry.on_behalf_of_id, entry.subject_id,
		entry.client_id, entry.organization_id, entry.target, entry.ip_address, entry.details, entry.previous_hash
	)::text, 'UTF8')), 'hex')
$$;
--> statement-breakpoint
-- Appends one entry. The head stays locked until the transaction ends, so positions rise in the order of the commits.
CREATE FUNCTION "accounts"."append_audit"("entry" "accounts"."audit_events") RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	SELECT head.position + 1, head.hash INTO entry.position, entry.previous_hash FROM accounts.audit_head head FOR UPDATE;
	entry.hash := accounts.audit_hash(entry);
	PERFORM accounts.ensure_audit_month(entry.at);
	INSERT INTO accounts.audit_events VALUES (entry.*);
	UPDATE accounts.audit_head SET position = entry.position, hash = entry.hash;
END $$;
--> statement-breakpoint
-- What the service calls: the time is the database's own.
CREATE FUNCTION "accounts"."record_audit"(
	"id" uuid, "name" text, "actor_id" uuid, "on_behalf_of_id" uuid, "subject_id" uuid, "client_id" text, "organization_id" uuid,
	"target" text, "ip_address" text, "details" jsonb
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	entry accounts.audit_events;
BEGIN
	-- Before the time is taken, so that times rise with positions.
	PERFORM 1 FROM accounts.audit_head FOR UPDATE;
	entry.id := record_audit.id;
	entry.name := record_audit.name;
	entry.at := date_trunc('milliseconds', clock_timestamp());
	entry.actor_id := record_audit.actor_id;
	entry.on_behalf_of_id := record_audit.on_behalf_of_id;
	entry.subject_id := record_audit.subject_id;
	entry.client_id := record_audit.client_id;
	entry.organization_id := record_audit.organization_id;
	entry.target := record_audit.target;
	entry.ip_address := record_audit.ip_address;
	entry.details := record_audit.details;
	PERFORM accounts.append_audit(entry);
END $$;
--> statement-breakpoint
-- Makes the next months' partitions, and drops months that ended more than 400 days ago: by the database's clock, so that nobody can ask for less.
CREATE FUNCTION "accounts"."keep_audit_months"() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	month text;
BEGIN
	FOR ahead IN 0..2 LOOP
		PERFORM accounts.ensure_audit_month(now() + ahead * interval '1 month');
	END LOOP;
	FOR month IN SELECT relname FROM pg_class JOIN pg_inherits ON inhrelid = oid WHERE inhparent = 'accounts.audit_events'::regclass LOOP
		IF to_date(right(month, 7), 'YYYY_MM') + interval '1 month' < now() - interval '400 days' THEN
			EXECUTE format('DROP TABLE accounts.%I', month);
		END IF;
	END LOOP;
END $$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION "accounts"."ensure_audit_month", "accounts"."append_audit", "accounts"."record_audit", "accounts"."keep_audit_months" FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION "accounts"."record_audit", "accounts"."keep_audit_months" TO "supergraph_accounts";
--> statement-breakpoint
SELECT "accounts"."keep_audit_months"();
--> statement-breakpoint
-- Entries from before are chained anew, since they did not say yet whom they concern.
DO $$
DECLARE
	earlier accounts.audit_events_before;
	entry accounts.audit_events;
	head accounts.audit_head := (true, 0, '');
BEGIN
	FOR earlier IN SELECT * FROM accounts.audit_events_before ORDER BY position LOOP
		entry := jsonb_populate_record(NULL::accounts.audit_events, to_jsonb(earlier));
		entry.subject_id := coalesce((earlier.details ->> 'userId')::uuid,
			CASE WHEN earlier.name LIKE 'user.%' OR earlier.name LIKE 'password.%' OR earlier.name = 'sign_in.failed' THEN earlier.target::uuid END,
			earlier.actor_id);
		entry.position := head.position + 1;
		entry.previous_hash := head.hash;
		entry.hash := accounts.audit_hash(entry);
		PERFORM accounts.ensure_audit_month(entry.at);
		INSERT INTO accounts.audit_events VALUES (entry.*);
		head.position := entry.position;
		head.hash := entry.hash;
	END LOOP;
	UPDATE accounts.audit_head SET position = head.position, hash = head.hash;
END $$;
--> statement-breakpoint
DROP TABLE "accounts"."audit_events_before";
