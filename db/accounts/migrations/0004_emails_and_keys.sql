ALTER TYPE "accounts"."link_purpose" ADD VALUE 'CHANGE_EMAIL';--> statement-breakpoint
ALTER TYPE "accounts"."link_purpose" ADD VALUE 'REVERT_EMAIL';--> statement-breakpoint
CREATE TABLE "accounts"."email_changes" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"email" text NOT NULL,
	"previous_email" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"confirmed_at" timestamp (3) with time zone
);
--> statement-breakpoint
DROP INDEX "accounts"."mail_queue_waiting";--> statement-breakpoint
ALTER TABLE "accounts"."secret_links" ADD COLUMN "email_change_id" uuid;--> statement-breakpoint
ALTER TABLE "accounts"."mail_queue" ADD COLUMN "next_try_at" timestamp (3) with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
ALTER TABLE "accounts"."sessions" ADD COLUMN "actor_id" uuid;--> statement-breakpoint
ALTER TABLE "accounts"."email_changes" ADD CONSTRAINT "email_changes_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "accounts"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "email_changes_user" ON "accounts"."email_changes" USING btree ("user_id","id");--> statement-breakpoint
ALTER TABLE "accounts"."secret_links" ADD CONSTRAINT "secret_links_email_change_id_email_changes_id_fk" FOREIGN KEY ("email_change_id") REFERENCES "accounts"."email_changes"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "secret_links_email_change" ON "accounts"."secret_links" USING btree ("email_change_id");--> statement-breakpoint
CREATE INDEX "mail_queue_due" ON "accounts"."mail_queue" USING btree ("next_try_at") WHERE "accounts"."mail_queue"."sealed" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "signing_keys_one_next" ON "accounts"."signing_keys" USING btree ("state") WHERE "accounts"."signing_keys"."state" = 'NEXT';--> statement-breakpoint
CREATE INDEX "sessions_actor" ON "accounts"."sessions" USING btree ("actor_id") WHERE "accounts"."sessions"."actor_id" is not null and "accounts"."sessions"."ended_at" is null;