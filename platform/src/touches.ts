import type { EventContract } from './events.ts';

/** Which of the things that others may remember an event outdates. */
export interface TouchRule {
  readonly event: string;
  /** The tags that an event's payload touches; throws where the payload does not fit the contract. */
  readonly tagsOf: (payload: unknown) => readonly string[];
}

/** The tag of one entity: whatever shows it carries the tag. */
export const entityTag = (typeName: string, key: string | number): string => `${typeName}:${key}`;

/** The tag of everything that shows which entities of a type there are: lists, counts, and that there is none. */
export const listTag = (typeName: string): string => typeName;

/** The tag of everything that a domain had a part in. */
export const domainTag = (domain: string): string => `@${domain}`;

/** Declares what an event outdates; a domain says so for the fields that it lets others remember. */
export function touch<Payload>(contract: EventContract<Payload>, tagsOf: (payload: Payload) => readonly string[]): TouchRule {
  const { name, payload: schema } = contract;
  if (name.startsWith('*')) throw new Error(`"${name}" stands for events of several domains; mend: name each of them`);
  return { event: name, tagsOf: (payload) => tagsOf(schema.parse(payload)) };
}
