CREATE EXTENSION IF NOT EXISTS pg_trgm;
--> statement-breakpoint
DROP INDEX "organizations"."audit_events_page";--> statement-breakpoint
DROP INDEX "organizations"."audit_events_actor";--> statement-breakpoint
DROP INDEX "organizations"."audit_events_target";--> statement-breakpoint
CREATE INDEX "invitations_waiting" ON "organizations"."invitations" USING btree ("organization_id","id") WHERE "organizations"."invitations"."status" = 'PENDING';--> statement-breakpoint
CREATE INDEX "invitations_in_vain" ON "organizations"."invitations" USING btree ("organization_id","id") WHERE "organizations"."invitations"."status" in ('DECLINED', 'REVOKED', 'EXPIRED');--> statement-breakpoint
CREATE INDEX "memberships_suspended" ON "organizations"."memberships" USING btree ("organization_id","id") WHERE "organizations"."memberships"."status" = 'SUSPENDED';--> statement-breakpoint
CREATE INDEX "memberships_ended" ON "organizations"."memberships" USING btree ("organization_id","id") WHERE "organizations"."memberships"."status" in ('REMOVED', 'LEFT');--> statement-breakpoint
CREATE INDEX "organizations_name_search" ON "organizations"."organizations" USING gin ("name" gin_trgm_ops);--> statement-breakpoint
CREATE INDEX "organizations_slug_search" ON "organizations"."organizations" USING gin ("slug" gin_trgm_ops);--> statement-breakpoint
CREATE INDEX "audit_events_by_time" ON "organizations"."audit_events" USING btree ("organization_id","at","id");--> statement-breakpoint
CREATE INDEX "audit_events_by_actor" ON "organizations"."audit_events" USING btree ("organization_id","actor_id","at","id");--> statement-breakpoint
CREATE INDEX "audit_events_by_target" ON "organizations"."audit_events" USING btree ("organization_id","target","at","id");--> statement-breakpoint
CREATE INDEX "audit_events_by_name" ON "organizations"."audit_events" USING btree ("organization_id","name","at","id");--> statement-breakpoint
CREATE INDEX "people_name_search" ON "organizations"."people" USING gin ("display_name" gin_trgm_ops);--> statement-breakpoint
CREATE INDEX "people_handle_search" ON "organizations"."people" USING gin ("handle" gin_trgm_ops);