CREATE SCHEMA "reviews";
--> statement-breakpoint
CREATE TYPE "reviews"."moderation_mode" AS ENUM('BEFORE', 'AFTER');--> statement-breakpoint
CREATE TYPE "reviews"."rating_scope" AS ENUM('PRODUCT', 'RECIPE', 'COURSE', 'SELLER');--> statement-breakpoint
CREATE TYPE "reviews"."report_reason" AS ENUM('SPAM', 'OFFENSIVE', 'OFF_TOPIC', 'FALSE_CLAIM', 'PRIVACY', 'OTHER');--> statement-breakpoint
CREATE TYPE "reviews"."review_status" AS ENUM('PENDING', 'PUBLISHED', 'REJECTED', 'REMOVED');--> statement-breakpoint
CREATE TYPE "reviews"."subject_kind" AS ENUM('PRODUCT', 'RECIPE', 'COURSE');--> statement-breakpoint
CREATE TYPE "reviews"."subject_status" AS ENUM('OPEN', 'CLOSED');--> statement-breakpoint
CREATE TYPE "reviews"."vote_value" AS ENUM('HELPFUL', 'NOT_HELPFUL');--> statement-breakpoint
CREATE TABLE "reviews"."aspect_summaries" (
	"scope" "reviews"."rating_scope" NOT NULL,
	"id" uuid NOT NULL,
	"code" text NOT NULL,
	"count" integer DEFAULT 0 NOT NULL,
	"sum" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "aspect_summaries_key" PRIMARY KEY("scope","id","code"),
	CONSTRAINT "aspect_summaries_bounds" CHECK ("reviews"."aspect_summaries"."count" >= 0 and "reviews"."aspect_summaries"."sum" between "reviews"."aspect_summaries"."count" and 5 * "reviews"."aspect_summaries"."count")
);
--> statement-breakpoint
CREATE TABLE "reviews"."dead_letter" (
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
CREATE TABLE "reviews"."entitlements" (
	"user_id" uuid NOT NULL,
	"kind" "reviews"."subject_kind" NOT NULL,
	"subject_id" uuid NOT NULL,
	"since" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "entitlements_key" PRIMARY KEY("user_id","kind","subject_id")
);
--> statement-breakpoint
CREATE TABLE "reviews"."idempotency" (
	"scope" text NOT NULL,
	"operation" text NOT NULL,
	"key" text NOT NULL,
	"input_hash" text NOT NULL,
	"answer" jsonb,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "idempotency_key" PRIMARY KEY("scope","operation","key")
);
--> statement-breakpoint
CREATE TABLE "reviews"."inbox" (
	"consumer" text NOT NULL,
	"event_id" uuid NOT NULL,
	"received_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "inbox_key" PRIMARY KEY("consumer","event_id")
);
--> statement-breakpoint
CREATE TABLE "reviews"."kind_means" (
	"kind" "reviews"."subject_kind" PRIMARY KEY NOT NULL,
	"mean" double precision NOT NULL,
	"refreshed_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "reviews"."members" (
	"organization_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"role_key" text,
	"permissions" text[] NOT NULL,
	"active" boolean NOT NULL,
	"removed" boolean DEFAULT false NOT NULL,
	"epoch" integer NOT NULL,
	CONSTRAINT "members_key" PRIMARY KEY("organization_id","user_id")
);
--> statement-breakpoint
CREATE TABLE "reviews"."outbox" (
	"position" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "reviews"."outbox_position_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"event_id" uuid NOT NULL,
	"name" text NOT NULL,
	"key" text NOT NULL,
	"envelope" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"published_at" timestamp (3) with time zone,
	CONSTRAINT "outbox_event" UNIQUE("event_id")
);
--> statement-breakpoint
CREATE TABLE "reviews"."policies" (
	"organization_id" uuid PRIMARY KEY NOT NULL,
	"moderation" "reviews"."moderation_mode" DEFAULT 'AFTER' NOT NULL,
	"verified_only" boolean DEFAULT false NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "reviews"."policies" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "reviews"."rating_summaries" (
	"scope" "reviews"."rating_scope" NOT NULL,
	"id" uuid NOT NULL,
	"count" integer DEFAULT 0 NOT NULL,
	"sum" integer DEFAULT 0 NOT NULL,
	"stars1" integer DEFAULT 0 NOT NULL,
	"stars2" integer DEFAULT 0 NOT NULL,
	"stars3" integer DEFAULT 0 NOT NULL,
	"stars4" integer DEFAULT 0 NOT NULL,
	"stars5" integer DEFAULT 0 NOT NULL,
	"verified_count" integer DEFAULT 0 NOT NULL,
	"version" integer DEFAULT 0 NOT NULL,
	"told_at" timestamp (3) with time zone,
	"tell_due" boolean DEFAULT false NOT NULL,
	CONSTRAINT "rating_summaries_key" PRIMARY KEY("scope","id"),
	CONSTRAINT "rating_summaries_count" CHECK ("reviews"."rating_summaries"."count" = "reviews"."rating_summaries"."stars1" + "reviews"."rating_summaries"."stars2" + "reviews"."rating_summaries"."stars3" + "reviews"."rating_summaries"."stars4" + "reviews"."rating_summaries"."stars5"),
	CONSTRAINT "rating_summaries_sum" CHECK ("reviews"."rating_summaries"."sum" = "reviews"."rating_summaries"."stars1" + 2 * "reviews"."rating_summaries"."stars2" + 3 * "reviews"."rating_summaries"."stars3" + 4 * "reviews"."rating_summaries"."stars4" + 5 * "reviews"."rating_summaries"."stars5"),
	CONSTRAINT "rating_summaries_bounds" CHECK (least("reviews"."rating_summaries"."stars1", "reviews"."rating_summaries"."stars2", "reviews"."rating_summaries"."stars3", "reviews"."rating_summaries"."stars4", "reviews"."rating_summaries"."stars5", "reviews"."rating_summaries"."verified_count") >= 0 and "reviews"."rating_summaries"."verified_count" <= "reviews"."rating_summaries"."count")
);
--> statement-breakpoint
CREATE TABLE "reviews"."review_aspects" (
	"review_id" uuid NOT NULL,
	"code" text NOT NULL,
	"rating" smallint NOT NULL,
	CONSTRAINT "review_aspects_key" PRIMARY KEY("review_id","code"),
	CONSTRAINT "review_aspects_rating" CHECK ("reviews"."review_aspects"."rating" between 1 and 5)
);
--> statement-breakpoint
CREATE TABLE "reviews"."review_edits" (
	"id" uuid PRIMARY KEY NOT NULL,
	"review_id" uuid NOT NULL,
	"waiting" boolean NOT NULL,
	"rating" smallint NOT NULL,
	"title" text,
	"body" text,
	"aspects" jsonb NOT NULL,
	"submitted_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "reviews"."review_replies" (
	"review_id" uuid PRIMARY KEY NOT NULL,
	"organization_id" uuid,
	"replier_id" uuid,
	"body" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"edited_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "reviews"."review_reports" (
	"id" uuid PRIMARY KEY NOT NULL,
	"review_id" uuid NOT NULL,
	"reporter_id" uuid,
	"reason" "reviews"."report_reason" NOT NULL,
	"note" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"resolved_at" timestamp (3) with time zone,
	CONSTRAINT "review_reports_one_per_person" UNIQUE("review_id","reporter_id")
);
--> statement-breakpoint
CREATE TABLE "reviews"."review_votes" (
	"id" uuid PRIMARY KEY NOT NULL,
	"review_id" uuid NOT NULL,
	"voter_id" uuid,
	"value" "reviews"."vote_value",
	"voted_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "review_votes_one_per_person" UNIQUE("review_id","voter_id")
);
--> statement-breakpoint
CREATE TABLE "reviews"."reviews" (
	"id" uuid PRIMARY KEY NOT NULL,
	"kind" "reviews"."subject_kind" NOT NULL,
	"subject_id" uuid NOT NULL,
	"owner_id" uuid NOT NULL,
	"author_id" uuid,
	"rating" smallint NOT NULL,
	"title" text,
	"body" text,
	"locale" text,
	"text_hash" text,
	"verified" boolean NOT NULL,
	"status" "reviews"."review_status" NOT NULL,
	"rejection_reason" text,
	"has_waiting_edit" boolean DEFAULT false NOT NULL,
	"helpful_count" integer DEFAULT 0 NOT NULL,
	"not_helpful_count" integer DEFAULT 0 NOT NULL,
	"open_reports" integer DEFAULT 0 NOT NULL,
	"helpfulness" double precision GENERATED ALWAYS AS (case when "reviews"."reviews"."helpful_count" + "reviews"."reviews"."not_helpful_count" = 0 then 0 else
          (("reviews"."reviews"."helpful_count" + 1.9208::double precision)
            - 1.96::double precision * sqrt("reviews"."reviews"."helpful_count"::double precision * "reviews"."reviews"."not_helpful_count" / ("reviews"."reviews"."helpful_count" + "reviews"."reviews"."not_helpful_count") + 0.9604::double precision))
          / ("reviews"."reviews"."helpful_count" + "reviews"."reviews"."not_helpful_count" + 3.8416::double precision) end) STORED NOT NULL,
	"search_vector" "tsvector" GENERATED ALWAYS AS (to_tsvector('simple', coalesce("reviews"."reviews"."title", '') || ' ' || coalesce("reviews"."reviews"."body", ''))) STORED NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"published_at" timestamp (3) with time zone,
	"edited_at" timestamp (3) with time zone,
	"deleted_at" timestamp (3) with time zone,
	CONSTRAINT "reviews_rating" CHECK ("reviews"."reviews"."rating" between 1 and 5),
	CONSTRAINT "reviews_counters" CHECK ("reviews"."reviews"."helpful_count" >= 0 and "reviews"."reviews"."not_helpful_count" >= 0 and "reviews"."reviews"."open_reports" >= 0)
);
--> statement-breakpoint
CREATE TABLE "reviews"."subjects" (
	"kind" "reviews"."subject_kind" NOT NULL,
	"id" uuid NOT NULL,
	"owner_id" uuid NOT NULL,
	"status" "reviews"."subject_status" NOT NULL,
	"title" text,
	"version" integer NOT NULL,
	CONSTRAINT "subjects_key" PRIMARY KEY("kind","id")
);
--> statement-breakpoint
CREATE TABLE "reviews"."suspended_people" (
	"user_id" uuid PRIMARY KEY NOT NULL
);
--> statement-breakpoint
ALTER TABLE "reviews"."review_aspects" ADD CONSTRAINT "review_aspects_review_id_reviews_id_fk" FOREIGN KEY ("review_id") REFERENCES "reviews"."reviews"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reviews"."review_edits" ADD CONSTRAINT "review_edits_review_id_reviews_id_fk" FOREIGN KEY ("review_id") REFERENCES "reviews"."reviews"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reviews"."review_replies" ADD CONSTRAINT "review_replies_review_id_reviews_id_fk" FOREIGN KEY ("review_id") REFERENCES "reviews"."reviews"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reviews"."review_reports" ADD CONSTRAINT "review_reports_review_id_reviews_id_fk" FOREIGN KEY ("review_id") REFERENCES "reviews"."reviews"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reviews"."review_votes" ADD CONSTRAINT "review_votes_review_id_reviews_id_fk" FOREIGN KEY ("review_id") REFERENCES "reviews"."reviews"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "dead_letter_failed" ON "reviews"."dead_letter" USING btree ("failed_at");--> statement-breakpoint
CREATE INDEX "entitlements_subject" ON "reviews"."entitlements" USING btree ("kind","subject_id");--> statement-breakpoint
CREATE INDEX "idempotency_created" ON "reviews"."idempotency" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "inbox_received" ON "reviews"."inbox" USING btree ("received_at");--> statement-breakpoint
CREATE INDEX "members_user" ON "reviews"."members" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "outbox_waiting_by_key" ON "reviews"."outbox" USING btree ("key","position") WHERE "reviews"."outbox"."published_at" is null;--> statement-breakpoint
CREATE INDEX "outbox_waiting" ON "reviews"."outbox" USING btree ("position") WHERE "reviews"."outbox"."published_at" is null;--> statement-breakpoint
CREATE INDEX "rating_summaries_due" ON "reviews"."rating_summaries" USING btree ("told_at") WHERE "reviews"."rating_summaries"."tell_due";--> statement-breakpoint
CREATE UNIQUE INDEX "review_edits_waiting" ON "reviews"."review_edits" USING btree ("review_id") WHERE "reviews"."review_edits"."waiting";--> statement-breakpoint
CREATE INDEX "review_edits_page" ON "reviews"."review_edits" USING btree ("review_id","id");--> statement-breakpoint
CREATE INDEX "review_replies_replier" ON "reviews"."review_replies" USING btree ("replier_id");--> statement-breakpoint
CREATE INDEX "review_reports_page" ON "reviews"."review_reports" USING btree ("review_id","id");--> statement-breakpoint
CREATE INDEX "review_reports_recent" ON "reviews"."review_reports" USING btree ("reporter_id","created_at");--> statement-breakpoint
CREATE INDEX "review_votes_recent" ON "reviews"."review_votes" USING btree ("voter_id","voted_at");--> statement-breakpoint
CREATE UNIQUE INDEX "reviews_one_per_person" ON "reviews"."reviews" USING btree ("author_id","kind","subject_id") WHERE "reviews"."reviews"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "reviews_newest" ON "reviews"."reviews" USING btree ("kind","subject_id","status","id") WHERE "reviews"."reviews"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "reviews_top" ON "reviews"."reviews" USING btree ("kind","subject_id","status","helpfulness","verified","id") WHERE "reviews"."reviews"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "reviews_highest" ON "reviews"."reviews" USING btree ("kind","subject_id","status","rating","id") WHERE "reviews"."reviews"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "reviews_lowest" ON "reviews"."reviews" USING btree ("kind","subject_id","status",(-"rating"),"id") WHERE "reviews"."reviews"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "reviews_most_helpful" ON "reviews"."reviews" USING btree ("kind","subject_id","status","helpful_count","id") WHERE "reviews"."reviews"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "reviews_owner_page" ON "reviews"."reviews" USING btree ("owner_id","status","id") WHERE "reviews"."reviews"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "reviews_author_page" ON "reviews"."reviews" USING btree ("author_id","id") WHERE "reviews"."reviews"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "reviews_author_recent" ON "reviews"."reviews" USING btree ("author_id","created_at");--> statement-breakpoint
CREATE INDEX "reviews_waiting" ON "reviews"."reviews" USING btree ("id") WHERE ("reviews"."reviews"."status" = 'PENDING' or "reviews"."reviews"."has_waiting_edit") and "reviews"."reviews"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "reviews_search" ON "reviews"."reviews" USING gin ("search_vector");--> statement-breakpoint
CREATE INDEX "subjects_owner" ON "reviews"."subjects" USING btree ("owner_id");--> statement-breakpoint
CREATE POLICY "tenant_only_organization_id" ON "reviews"."policies" AS PERMISSIVE FOR ALL TO public USING ("reviews"."policies"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid) WITH CHECK ("reviews"."policies"."organization_id" = nullif(current_setting('app.organization_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "public_read_policies" ON "reviews"."policies" AS PERMISSIVE FOR SELECT TO public USING (true);