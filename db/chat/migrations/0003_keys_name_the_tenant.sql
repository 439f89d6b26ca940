DROP INDEX "chat"."conversations_of_tenant";--> statement-breakpoint
CREATE UNIQUE INDEX "conversations_of_tenant" ON "chat"."conversations" USING btree ("organization_id","id");--> statement-breakpoint
ALTER TABLE "chat"."change_log" ADD CONSTRAINT "change_log_of_tenant" FOREIGN KEY ("organization_id","conversation_id") REFERENCES "chat"."conversations"("organization_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chat"."message_versions" ADD CONSTRAINT "message_versions_of_tenant" FOREIGN KEY ("organization_id","conversation_id") REFERENCES "chat"."conversations"("organization_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chat"."messages" ADD CONSTRAINT "messages_of_tenant" FOREIGN KEY ("organization_id","conversation_id") REFERENCES "chat"."conversations"("organization_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chat"."participants" ADD CONSTRAINT "participants_of_tenant" FOREIGN KEY ("organization_id","conversation_id") REFERENCES "chat"."conversations"("organization_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chat"."reactions" ADD CONSTRAINT "reactions_of_tenant" FOREIGN KEY ("organization_id","conversation_id") REFERENCES "chat"."conversations"("organization_id","id") ON DELETE cascade ON UPDATE no action;
