CREATE TYPE "accounts"."export_status" AS ENUM('PREPARING', 'READY', 'FAILED', 'EXPIRED');--> statement-breakpoint
CREATE TABLE "accounts"."data_export_files" (
	"id" uuid PRIMARY KEY NOT NULL,
	"export_id" uuid NOT NULL,
	"domain" text NOT NULL,
	"holding" text NOT NULL,
	"description" text NOT NULL,
	"next" text,
	"parts" integer DEFAULT 0 NOT NULL,
	"bytes" bigint DEFAULT 0 NOT NULL,
	"completed_at" timestamp (3) with time zone,
	CONSTRAINT "data_export_files_name" UNIQUE("export_id","domain","holding")
);
--> statement-breakpoint
CREATE TABLE "accounts"."data_export_parts" (
	"file_id" uuid NOT NULL,
	"position" integer NOT NULL,
	"sealed" "bytea" NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "data_export_parts_key" PRIMARY KEY("file_id","position")
);
--> statement-breakpoint
CREATE TABLE "accounts"."data_exports" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"status" "accounts"."export_status" DEFAULT 'PREPARING' NOT NULL,
	"requested_at" timestamp (3) with time zone NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"bytes" bigint DEFAULT 0 NOT NULL,
	"ready_at" timestamp (3) with time zone,
	"expires_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "accounts"."person_erasures" (
	"user_id" uuid NOT NULL,
	"domain" text NOT NULL,
	"asked_at" timestamp (3) with time zone NOT NULL,
	"done_at" timestamp (3) with time zone,
	CONSTRAINT "person_erasures_key" PRIMARY KEY("user_id","domain")
);
--> statement-breakpoint
CREATE TABLE "accounts"."personal_data_domains" (
	"domain" text PRIMARY KEY NOT NULL,
	"heard_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "accounts"."data_export_files" ADD CONSTRAINT "data_export_files_export_id_data_exports_id_fk" FOREIGN KEY ("export_id") REFERENCES "accounts"."data_exports"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "accounts"."data_export_parts" ADD CONSTRAINT "data_export_parts_file_id_data_export_files_id_fk" FOREIGN KEY ("file_id") REFERENCES "accounts"."data_export_files"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "accounts"."data_exports" ADD CONSTRAINT "data_exports_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "accounts"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "accounts"."person_erasures" ADD CONSTRAINT "person_erasures_user" FOREIGN KEY ("user_id") REFERENCES "accounts"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "data_exports_person" ON "accounts"."data_exports" USING btree ("user_id","requested_at");--> statement-breakpoint
CREATE INDEX "data_exports_open" ON "accounts"."data_exports" USING btree ("requested_at") WHERE "accounts"."data_exports"."status" in ('PREPARING', 'READY');--> statement-breakpoint
CREATE INDEX "person_erasures_silent" ON "accounts"."person_erasures" USING btree ("asked_at") WHERE "accounts"."person_erasures"."done_at" is null;