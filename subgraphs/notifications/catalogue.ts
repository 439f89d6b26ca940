import { type Template, render, type RenderedNotice, type TemplateInput } from './sentences.ts';

export type Channel = 'IN_APP' | 'EMAIL' | 'WEB_PUSH';
export type Mode = 'OFF' | 'IMMEDIATE' | 'DIGEST';

/** What notices are sorted into. */
export interface Category {
  readonly key: string;
  readonly domain: string;
  readonly name: string;
  readonly description: string;
  readonly mandatoryChannels: readonly Channel[];
  readonly defaults: readonly { readonly channel: Channel; readonly mode: Mode }[];
}

interface Kind {
  readonly category: string;
  readonly template: Template;
  /** Tells of the end of a membership, so it keeps its words when the membership ends. */
  readonly outlivesMembership?: boolean;
}

const modes = (email: Mode, push: Mode): Category['defaults'] => [
  { channel: 'IN_APP', mode: 'IMMEDIATE' },
  { channel: 'EMAIL', mode: email },
  { channel: 'WEB_PUSH', mode: push },
];

const category = (
  key: string,
  name: string,
  description: string,
  defaults: Category['defaults'],
  mandatoryChannels: readonly Channel[] = [],
): Category => ({ key, domain: key.slice(0, key.indexOf('.')), name, description, mandatoryChannels, defaults });

const other = (domain: string): Category =>
  category(`${domain}.other`, `Other news of ${domain}`, `What ${domain} tells beside its other categories.`, modes('OFF', 'OFF'));

const described: readonly Category[] = [
  category(
    'accounts.security',
    'Security of your account',
    'Sign-ins from new devices, changed credentials and the end of the account.',
    modes('IMMEDIATE', 'IMMEDIATE'),
    ['IN_APP'],
  ),
  category(
    'organizations.membership',
    'Your memberships',
    'Invitations, changed roles and the end of memberships.',
    modes('IMMEDIATE', 'OFF'),
  ),
  category(
    'organizations.administration',
    'Organizations that you look after',
    'Limits that are nearly reached, mail domains that fail, and deletions.',
    modes('IMMEDIATE', 'OFF'),
  ),
  category('chat.direct', 'Direct messages', 'Messages that are meant for you alone.', modes('OFF', 'IMMEDIATE')),
  category('chat.mention', 'Mentions', 'Messages in groups that name you.', modes('OFF', 'IMMEDIATE')),
  category('chat.group', 'Groups', 'New messages in your groups, and groups that you were added to.', modes('OFF', 'OFF')),
  category('reviews.received', 'Reviews of what you sell', 'New reviews of products of your organization.', modes('DIGEST', 'OFF')),
  category('reviews.own', 'Your reviews', 'Answers to your reviews, and decisions on them.', modes('DIGEST', 'OFF')),
];

const domains = [...new Set(described.map(({ domain }) => domain))];
const byKey = new Map([...described, ...domains.map(other)].map((entry) => [entry.key, entry]));

/** Every known category, by key. */
export const categories: readonly Category[] = [...byKey.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1));

/** A category by its key; one that the catalogue does not describe is its domain's last resort. */
export const categoryByKey = (key: string): Category => byKey.get(key) ?? other(key.slice(0, key.indexOf('.')));

const securityAdvice = 'If this was not you, change your password and end the session.';
const things: Readonly<Record<string, string>> = { PRODUCT: 'product', RECIPE: 'recipe', COURSE: 'course' };
const credentials: Readonly<Record<string, string>> = {
  PASSWORD: 'password',
  PASSKEY: 'passkey',
  TOTP: 'authenticator',
  EMAIL: 'e-mail address',
  ACCESS_TOKEN: 'access token',
  RECOVERY_CODES: 'set of recovery codes',
  RECOVERY_CODE: 'recovery code',
};

const kinds: Readonly<Record<string, Kind>> = {
  'accounts.CREDENTIAL_CHANGED': {
    category: 'accounts.security',
    template: {
      title: (values) => `Your ${values.oneOf('credential', credentials)} was ${values.word('change')}`,
      body: () => securityAdvice,
      plain: 'A credential of your account was changed',
    },
  },
  'accounts.NEW_DEVICE': {
    category: 'accounts.security',
    template: {
      title: (values) => `New sign-in from ${values.text('device')}`,
      body: (values) => `From the address ${values.text('ipAddress')}. ${securityAdvice}`,
      plain: 'New sign-in from a device that was not seen before',
    },
  },
  'accounts.SESSION_COMPROMISED': {
    category: 'accounts.security',
    template: {
      title: (values) => `The session on ${values.text('device')} was ended for your safety`,
      body: () => 'Its token was used twice, so somebody may have copied it. Sign in again, and change your password if in doubt.',
      plain: 'A session of your account was ended for your safety',
    },
  },
  'accounts.TOKEN_EXPIRING': {
    category: 'accounts.security',
    template: {
      title: (values) => `Your access token “${values.text('name')}” ends on ${values.day('expiresAt')}`,
      body: () => 'Make a new one before then, and give it to the program that uses this one.',
      plain: 'An access token of yours ends soon',
    },
  },
  'accounts.EMAIL_CHANGED': {
    category: 'accounts.security',
    template: {
      title: () => 'The e-mail address of your account was changed',
      body: () => 'If this was not you, open the link in the mail to your old address within 72 hours: it undoes the change.',
      plain: 'The e-mail address of your account was changed',
    },
  },
  'accounts.IMPERSONATED': {
    category: 'accounts.security',
    template: {
      title: () => 'An administrator acts in your place',
      body: (values) =>
        `For at most 15 minutes. The reason given: ${values.text('reason')}. The security events of your account show what is done.`,
      plain: 'An administrator acted in your place',
    },
  },
  'accounts.DELETION_SCHEDULED': {
    category: 'accounts.security',
    template: {
      title: (values) => `Your account will be erased on ${values.day('erasesAt')}`,
      body: () => 'Until then you can keep it: sign in and call the deletion off.',
      plain: 'Your account will be erased',
    },
  },
  'organizations.INVITED': {
    category: 'organizations.membership',
    template: {
      title: (values) => `${values.actors} invited you to ${values.text('organizationName')}`,
      plain: 'You were invited to an organization',
    },
  },
  'organizations.ROLE_CHANGED': {
    category: 'organizations.membership',
    template: {
      title: (values) => `Your role in ${values.text('organizationName')} is ${values.text('roleName')} now`,
      plain: 'Your role in an organization changed',
    },
  },
  'organizations.REMOVED': {
    category: 'organizations.membership',
    outlivesMembership: true,
    template: {
      title: (values) => `You are no longer a member of ${values.text('organizationName')}`,
      plain: 'You are no longer a member of an organization',
    },
  },
  'organizations.OWNERSHIP': {
    category: 'organizations.membership',
    template: {
      title: (values) => `You own ${values.text('organizationName')} now`,
      plain: 'You own an organization now',
    },
  },
  'organizations.QUOTA_NEAR': {
    category: 'organizations.administration',
    template: {
      title: (values) =>
        `${values.text('organizationName')} uses ${values.text('used')} of ${values.text('limit')} (${values.text('quota')})`,
      plain: 'A limit of an organization is nearly reached',
    },
  },
  'organizations.DOMAIN_FAILING': {
    category: 'organizations.administration',
    template: {
      title: (values) => `The proof of ${values.text('domain')} for ${values.text('organizationName')} fails`,
      plain: 'The proof of a mail domain fails',
    },
  },
  'organizations.ORGANIZATION_ARCHIVED': {
    category: 'organizations.administration',
    template: {
      title: (values) => `${values.text('organizationName')} will be deleted on ${values.text('erasesAt')}`,
      plain: 'An organization will be deleted',
    },
  },
  'chat.DIRECT_MESSAGE': {
    category: 'chat.direct',
    template: {
      title: (values) => `${values.actors} sent you ${values.count === 1 ? 'a message' : `${values.count} messages`}`,
      plain: 'You have a new message',
    },
  },
  'chat.MENTION': {
    category: 'chat.mention',
    template: {
      title: (values) => `${values.actors} mentioned you in ${values.text('conversationName')}`,
      body: (values) => (values.count === 1 ? null : `${values.count} new messages`),
      plain: 'You were mentioned in a conversation',
    },
  },
  'chat.GROUP_MESSAGE': {
    category: 'chat.group',
    template: {
      title: (values) =>
        `${values.actors} wrote ${values.count === 1 ? '' : `${values.count} messages `}in ${values.text('conversationName')}`,
      plain: 'There is a new message in one of your groups',
    },
  },
  'chat.ADDED_TO_GROUP': {
    category: 'chat.group',
    template: {
      title: (values) => `${values.actors} added you to ${values.text('conversationName')}`,
      plain: 'You were added to a group',
    },
  },
  'reviews.RECEIVED': {
    category: 'reviews.received',
    template: {
      title: (values) =>
        values.count === 1
          ? `A ${values.oneOf('subjectKind', things)} of yours was rated ${values.number('rating')} of 5`
          : `A ${values.oneOf('subjectKind', things)} of yours has ${values.count} new reviews`,
      plain: 'Something of yours was reviewed',
    },
  },
  'reviews.REPLY': {
    category: 'reviews.own',
    template: {
      title: (values) => `The seller answered your review of a ${values.oneOf('subjectKind', things)}`,
      plain: 'Your review was answered',
    },
  },
  'reviews.PUBLISHED': {
    category: 'reviews.own',
    template: {
      title: (values) => `Your review of a ${values.oneOf('subjectKind', things)} is public now`,
      plain: 'Your review is public now',
    },
  },
  'reviews.REJECTED': {
    category: 'reviews.own',
    template: {
      title: (values) => `Your review of a ${values.oneOf('subjectKind', things)} was not published`,
      body: () => 'It does not keep to the rules for reviews. You can change it and send it again.',
      plain: 'Your review was not published',
    },
  },
};

const kindOf = (domain: string, kind: string): Kind | undefined =>
  Object.hasOwn(kinds, `${domain}.${kind}`) ? kinds[`${domain}.${kind}`] : undefined;

/** Whether the catalogue knows what a domain tells of. */
export const isKnownKind = (domain: string, kind: string): boolean => kindOf(domain, kind) !== undefined;

/** The key of the category that a kind belongs to; unknown kinds belong to `<domain>.other`. */
export const categoryOfKind = (domain: string, kind: string): string => kindOf(domain, kind)?.category ?? `${domain}.other`;

/** Kinds that keep their words when the recipient leaves the tenant, as `<domain>.<kind>`. */
export const outlivingKinds: readonly string[] = Object.keys(kinds).filter((name) => kinds[name]?.outlivesMembership);

/** The words of a notice; a missing template or value gives the plain sentence of its kind, never an error. */
export function wordsFor(domain: string, kind: string, input: TemplateInput): RenderedNotice {
  const known = kindOf(domain, kind);
  return known ? render(known.template, input) : { title: `There is something new in ${domain}`, body: null };
}

/** What is left of a notice whose recipient has left its organization. */
export const strippedWords: RenderedNotice = { title: 'This was about an organization that you have left', body: null };
