CREATE INDEX "users_moderators" ON "accounts"."users" USING btree ("id") WHERE 'MODERATOR' = any("accounts"."users"."roles");--> statement-breakpoint
CREATE INDEX "users_not_active" ON "accounts"."users" USING btree ("status","created_at","id") WHERE "accounts"."users"."status" <> 'ACTIVE';--> statement-breakpoint
CREATE INDEX "users_services" ON "accounts"."users" USING btree ("created_at","id") WHERE "accounts"."users"."kind" = 'SERVICE';--> statement-breakpoint
CREATE INDEX "audit_events_name" ON "accounts"."audit_events" USING btree ("name","position");--> statement-breakpoint
CREATE INDEX "audit_events_organization" ON "accounts"."audit_events" USING btree ("organization_id","position") WHERE "accounts"."audit_events"."organization_id" is not null;