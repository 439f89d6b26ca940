CREATE TYPE "accounts"."external_purpose" AS ENUM('SIGN_IN', 'LINK');--> statement-breakpoint
CREATE TABLE "accounts"."external_identities" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"provider" text NOT NULL,
	"issuer" text NOT NULL,
	"subject" text NOT NULL,
	"label" text NOT NULL,
	"linked_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"last_used_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "accounts"."external_visits" (
	"id" uuid PRIMARY KEY NOT NULL,
	"purpose" "accounts"."external_purpose" NOT NULL,
	"provider" text NOT NULL,
	"state_hash" text,
	"browser_hash" text,
	"link_hash" text,
	"sealed" text NOT NULL,
	"user_id" uuid,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"consumed_at" timestamp (3) with time zone
);
--> statement-breakpoint
ALTER TABLE "accounts"."external_identities" ADD CONSTRAINT "external_identities_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "accounts"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "external_identities_who" ON "accounts"."external_identities" USING btree ("issuer","subject");--> statement-breakpoint
CREATE INDEX "external_identities_user" ON "accounts"."external_identities" USING btree ("user_id");--> statement-breakpoint
CREATE UNIQUE INDEX "external_visits_state" ON "accounts"."external_visits" USING btree ("state_hash") WHERE "accounts"."external_visits"."state_hash" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "external_visits_link" ON "accounts"."external_visits" USING btree ("link_hash") WHERE "accounts"."external_visits"."link_hash" is not null;--> statement-breakpoint
CREATE INDEX "external_visits_expiring" ON "accounts"."external_visits" USING btree ("expires_at");