import { v7 } from 'uuid';
import type { z } from 'zod';

/** How a domain event travels; one form for all. */
export interface Envelope<Payload = unknown> {
  readonly eventId: string;
  /** `<domain>.<thing>.<past verb>` */
  readonly name: string;
  readonly schemaVersion: number;
  /** Events of one key arrive in the order in which they were written. */
  readonly key: string;
  /** RFC 3339, UTC. */
  readonly occurredAt: string;
  readonly organizationId: string | null;
  readonly actorId: string | null;
  readonly traceparent: string | null;
  readonly payload: Payload;
}

/** What a domain promises to send: name, version, ordering key and the payload's schema. */
export interface EventContract<Payload> {
  readonly name: string;
  readonly version: number;
  readonly keyOf: (payload: Payload) => string;
  readonly payload: z.ZodType<Payload>;
}

/** Several domains' events of one form, such as `<domain>.notification.requested`. */
export interface EventFamily<Payload> {
  /** The contract of one domain, to emit it. */
  readonly of: (domain: string) => EventContract<Payload>;
  /** All domains' together, to consume them. */
  readonly any: EventContract<Payload>;
}

const eventName = /^(\*|[a-z]+)(\.[a-z_]+){2}$/;

/** Declares an event; `keyField` names the payload's field that orders it. */
export function defineEvent<Payload extends object>(
  name: string,
  version: number,
  keyField: keyof Payload & string,
  payload: z.ZodType<Payload>,
): EventContract<Payload> {
  if (!eventName.test(name)) throw new Error(`"${name}" is no event name; mend: <domain>.<thing>.<past verb>, as in orders.order.placed`);
  return { name, version, keyOf: (value) => String(value[keyField]), payload };
}

/** Declares an event that every domain may send under its own name. */
export function defineEventFamily<Payload extends object>(
  thingAndVerb: string,
  version: number,
  keyField: keyof Payload & string,
  payload: z.ZodType<Payload>,
): EventFamily<Payload> {
  const of = (domain: string) => defineEvent(`${domain}.${thingAndVerb}`, version, keyField, payload);
  return { of, any: of('*') };
}

/** Whether an event's name fits a consumer's, which may begin with `*.`. */
export const fits = (pattern: string, name: string) =>
  pattern === name || (pattern.startsWith('*.') && name.slice(name.indexOf('.') + 1) === pattern.slice(2));

/** Who caused an event: what an envelope copies from the request. */
export interface EventOrigin {
  readonly viewer: { readonly userId: string } | null;
  readonly organization: { readonly id: string } | null;
  readonly traceparent: string | null;
  readonly now: () => Date;
}

/** Puts a payload into its envelope; an invalid payload is a programming error and throws. */
export function toEnvelope<Payload>(
  origin: EventOrigin,
  contract: EventContract<Payload>,
  payload: Payload,
  organizationId: string | null = origin.organization?.id ?? null,
): Envelope<Payload> {
  const checked = contract.payload.parse(payload);
  return {
    eventId: v7(),
    name: contract.name,
    schemaVersion: contract.version,
    key: contract.keyOf(checked),
    occurredAt: origin.now().toISOString(),
    organizationId,
    actorId: origin.viewer?.userId ?? null,
    traceparent: origin.traceparent,
    payload: checked,
  };
}
