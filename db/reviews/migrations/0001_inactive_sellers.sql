CREATE TYPE "reviews"."inactivity_cause" AS ENUM('SUSPENDED', 'ARCHIVED');--> statement-breakpoint
CREATE TABLE "reviews"."inactive_sellers" (
	"organization_id" uuid NOT NULL,
	"cause" "reviews"."inactivity_cause" NOT NULL,
	CONSTRAINT "inactive_sellers_key" PRIMARY KEY("organization_id","cause")
);
