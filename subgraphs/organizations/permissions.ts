/** What a permission key allows, and whether a plain member holds it. */
export interface Permission {
  readonly key: string;
  readonly domain: string;
  readonly description: string;
  readonly member: boolean;
}

type Entry = readonly [thingAndAction: string, description: string, member?: 'MEMBER'];

/** Every permission that there is, by domain; a new one is nobody's but OWNER's and ADMIN's until it is marked MEMBER here. */
const table: Readonly<Record<string, readonly Entry[]>> = {
  organizations: [
    ['member.read', 'See who belongs to the organization.', 'MEMBER'],
    ['member.invite', 'Invite people and take invitations back.'],
    ['member.manage', 'Change roles of members, suspend and remove them.'],
    ['role.manage', 'Make, change and delete roles.'],
    ['team.manage', 'Make, change and delete teams.'],
    ['settings.read', "See the organization's settings and quotas.", 'MEMBER'],
    ['settings.write', "Change the organization's name, settings and domains."],
    ['audit.read', 'Read the audit log.'],
    ['service_account.manage', 'Make and delete service accounts.'],
  ],
  crm: [
    ['contact.read', 'See contacts and companies.', 'MEMBER'],
    ['contact.write', 'Add and change contacts and companies.', 'MEMBER'],
    ['contact.delete', 'Delete contacts and companies.'],
    ['contact.merge', 'Merge contacts that are one person.'],
    ['deal.read', 'See deals.', 'MEMBER'],
    ['deal.write', 'Add and change deals.', 'MEMBER'],
    ['deal.delete', 'Delete deals.'],
    ['pipeline.manage', 'Change pipelines and their stages.'],
    ['import.run', 'Import contacts from files.'],
    ['export.run', 'Export contacts to files.'],
  ],
  tasks: [
    ['project.read', 'See projects that are open to members.', 'MEMBER'],
    ['project.create', 'Begin projects.', 'MEMBER'],
    ['project.manage', 'Change and archive every project.'],
  ],
  chat: [
    ['conversation.create', 'Begin conversations in the organization.', 'MEMBER'],
    ['conversation.moderate', "Remove messages and members of the organization's conversations."],
  ],
  files: [
    ['file.read', "Read the organization's files.", 'MEMBER'],
    ['file.write', 'Add, change and delete files.', 'MEMBER'],
    ['file.share', 'Share files with people outside.'],
  ],
  links: [
    ['link.read', 'See short links and their counts.', 'MEMBER'],
    ['link.write', 'Make and change short links.', 'MEMBER'],
    ['domain.manage', 'Add and remove domains for short links.'],
  ],
  analytics: [
    ['report.read', 'Read dashboards and reports.', 'MEMBER'],
    ['report.write', 'Make and change dashboards and reports.'],
    ['event.read', 'Read raw events of visitors.'],
    ['site.manage', 'Add, change and remove sites.'],
  ],
  predictions: [
    ['model.read', 'See models and their versions.', 'MEMBER'],
    ['model.run', 'Ask models for predictions.', 'MEMBER'],
    ['model.manage', 'Upload, route and retire models.'],
    ['log.read', 'Read the log of predictions.'],
  ],
  catalog: [['product.write', 'List, change and archive products.']],
  reviews: [['review.reply', "Answer reviews in the organization's name."]],
  inventory: [
    ['stock.read', 'See stock, counts and transfers.'],
    ['stock.write', 'Move, count and correct stock.'],
    ['purchase.write', 'Order from suppliers.'],
  ],
  orders: [
    ['order.read', "See customers' orders."],
    ['order.manage', 'Ship, cancel and refund orders.'],
    ['settings.manage', 'Change vouchers, shipping, taxes and terms of sale.'],
  ],
  chain: [['escrow.manage', 'Release and dispute escrows.']],
  billing: [
    ['account.inspect', 'See plan, invoices and payments.'],
    ['account.manage', 'Change the plan and ways of paying.'],
    ['payment.manage', 'Refund payments and answer disputes.'],
  ],
  expenses: [
    ['claim.approve', "Approve or refuse people's claims."],
    ['claim.pay', 'Mark claims as paid.'],
    ['policy.manage', 'Change what may be claimed.'],
  ],
  jobs: [
    ['employer.manage', "Change the employer's page."],
    ['listing.manage', 'Publish and close job listings.'],
    ['application.read', 'Read applications.'],
    ['application.manage', 'Move applications through the stages.'],
  ],
  content: [
    ['publication.create', 'Begin publications.'],
    ['publication.manage', 'Change and archive every publication.'],
  ],
  courses: [
    ['course.create', 'Begin courses.'],
    ['course.manage', 'Change and archive every course.'],
  ],
  events: [
    ['log.read', 'Read the event log.'],
    ['webhook.read', 'See webhooks and their deliveries.'],
    ['webhook.manage', 'Add, change and remove webhooks.'],
  ],
  notifications: [['announcement.send', 'Send announcements to all members.']],
};

/** Every permission, in the order of the table. */
export const permissions: readonly Permission[] = Object.entries(table).flatMap(([domain, entries]) =>
  entries.map(([thingAndAction, description, member]) => ({
    key: `${domain}.${thingAndAction}`,
    domain,
    description,
    member: member === 'MEMBER',
  })),
);

export const permissionKeys: readonly string[] = permissions.map(({ key }) => key);
export const memberPermissionKeys: readonly string[] = permissions.filter(({ member }) => member).map(({ key }) => key);

const known = new Set(permissionKeys);

/** Whether a key stands in the table. */
export const isPermission = (key: string): boolean => known.has(key);

/** The roles that every organization has, from the one that may most. */
export const builtInRoles = [
  { key: 'OWNER', name: 'Owner' },
  { key: 'ADMIN', name: 'Administrator' },
  { key: 'MEMBER', name: 'Member' },
  { key: 'GUEST', name: 'Guest' },
] as const;
export type BuiltInRole = (typeof builtInRoles)[number]['key'];
