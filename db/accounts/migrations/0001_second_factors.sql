CREATE TYPE "accounts"."challenge_purpose" AS ENUM('REGISTER', 'PROVE');--> statement-breakpoint
CREATE TABLE "accounts"."passkeys" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"credential_id" text NOT NULL,
	"public_key" text NOT NULL,
	"counter" bigint NOT NULL,
	"transports" text[] NOT NULL,
	"backed_up" boolean NOT NULL,
	"label" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"last_used_at" timestamp (3) with time zone,
	"disabled_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "accounts"."recovery_codes" (
	"id" uuid PRIMARY KEY NOT NULL,
	"set_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"hash" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"consumed_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "accounts"."totp_credentials" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"session_id" uuid NOT NULL,
	"label" text NOT NULL,
	"sealed_secret" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"confirmed_at" timestamp (3) with time zone,
	"last_used_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "accounts"."totp_steps" (
	"user_id" uuid NOT NULL,
	"step" bigint NOT NULL,
	"used_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "totp_steps_key" PRIMARY KEY("user_id","step")
);
--> statement-breakpoint
CREATE TABLE "accounts"."trusted_devices" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"hash" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"last_used_at" timestamp (3) with time zone,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "accounts"."webauthn_challenges" (
	"id" uuid PRIMARY KEY NOT NULL,
	"purpose" "accounts"."challenge_purpose" NOT NULL,
	"challenge" text NOT NULL,
	"flow_id" uuid,
	"user_id" uuid,
	"session_id" uuid,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"consumed_at" timestamp (3) with time zone
);
--> statement-breakpoint
ALTER TABLE "accounts"."flows" ADD COLUMN "is_open" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "accounts"."flows" ADD COLUMN "device_id" uuid;--> statement-breakpoint
ALTER TABLE "accounts"."flows" ADD COLUMN "proven" "accounts"."auth_method"[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "accounts"."flows" ADD COLUMN "second_attempts" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "accounts"."sessions" ADD COLUMN "device_id" uuid;--> statement-breakpoint
ALTER TABLE "accounts"."passkeys" ADD CONSTRAINT "passkeys_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "accounts"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "accounts"."recovery_codes" ADD CONSTRAINT "recovery_codes_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "accounts"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "accounts"."totp_credentials" ADD CONSTRAINT "totp_credentials_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "accounts"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "accounts"."trusted_devices" ADD CONSTRAINT "trusted_devices_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "accounts"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "accounts"."webauthn_challenges" ADD CONSTRAINT "webauthn_challenges_flow_id_flows_id_fk" FOREIGN KEY ("flow_id") REFERENCES "accounts"."flows"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "passkeys_credential" ON "accounts"."passkeys" USING btree ("credential_id");--> statement-breakpoint
CREATE INDEX "passkeys_user" ON "accounts"."passkeys" USING btree ("user_id");--> statement-breakpoint
CREATE UNIQUE INDEX "recovery_codes_hash" ON "accounts"."recovery_codes" USING btree ("user_id","hash");--> statement-breakpoint
CREATE INDEX "totp_credentials_user" ON "accounts"."totp_credentials" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "totp_credentials_expiring" ON "accounts"."totp_credentials" USING btree ("expires_at") WHERE "accounts"."totp_credentials"."confirmed_at" is null;--> statement-breakpoint
CREATE INDEX "totp_steps_used" ON "accounts"."totp_steps" USING btree ("used_at");--> statement-breakpoint
CREATE UNIQUE INDEX "trusted_devices_hash" ON "accounts"."trusted_devices" USING btree ("hash");--> statement-breakpoint
CREATE INDEX "trusted_devices_user" ON "accounts"."trusted_devices" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "trusted_devices_expiring" ON "accounts"."trusted_devices" USING btree ("expires_at");--> statement-breakpoint
CREATE UNIQUE INDEX "webauthn_challenges_challenge" ON "accounts"."webauthn_challenges" USING btree ("challenge");--> statement-breakpoint
CREATE INDEX "webauthn_challenges_flow" ON "accounts"."webauthn_challenges" USING btree ("flow_id");--> statement-breakpoint
CREATE INDEX "webauthn_challenges_expiring" ON "accounts"."webauthn_challenges" USING btree ("expires_at");--> statement-breakpoint
ALTER TABLE "accounts"."sessions" ADD CONSTRAINT "sessions_device_id_trusted_devices_id_fk" FOREIGN KEY ("device_id") REFERENCES "accounts"."trusted_devices"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "sessions_device" ON "accounts"."sessions" USING btree ("device_id") WHERE "accounts"."sessions"."device_id" is not null;