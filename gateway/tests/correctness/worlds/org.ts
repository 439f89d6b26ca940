import type { Hints } from '../generate-values.ts';
import type { Data, Row, WorldDefinition } from '../world-definition.ts';

/** Keys of objects and lists, several keys with a hop through a third subgraph, null keys, non-null chains, lists of lists. */
const tenants = `
  scalar JSON
  type Query { orgs: [Org!]! team(org: ID!, slug: String!): Team member(id: ID): Member bundles: [Bundle!]! }
  type Org @key(fields: "id") { id: ID! name: String! settings: JSON teams: [Team!]! }
  type Team @key(fields: "org { id } slug") { org: Org! slug: String! title: String members: [Member]! lead: Member! }
  type Member @key(fields: "id") @key(fields: "handle") { id: ID! handle: String role: Role }
  enum Role { OWNER ADMIN GUEST }
  type Bundle @key(fields: "parts { id tag { name } } labels") { parts: [Part!]! labels: [String!]! title: String }
  type Part @shareable { id: ID! tag: Tag }
  type Tag @shareable { name: String }
`;

const people = `
  type Query { staff(first: Int): [Member!] }
  type Member @key(fields: "handle") { handle: String manager: Member reports: [Member!]! email: String! chain: Chain! }
  type Chain { level: Int! next: Chain deep: Deep! }
  type Deep { deeper: Deepest! note: String }
  type Deepest { value: Int! }
`;

const badges = `
  type Member @key(fields: "id") @key(fields: "badge") { id: ID! badge: String color(dark: Boolean! = false): String }
`;

const payroll = `
  type Query { payslip(badge: String!): Payslip }
  type Member @key(fields: "badge") { badge: String payslips: [[Payslip!]]! total: Int! bonus: Int }
  type Payslip { month: Int! amount: Float owner: Member! }
`;

const calendar = `
  type Query { today: [Event]! }
  type Org @key(fields: "id", resolvable: false) { id: ID! }
  type Team @key(fields: "org { id } slug") { org: Org! slug: String! events: [Event!] next: Event! title: String @external headline: String @requires(fields: "title lead { handle }") lead: Member! @external }
  type Member @key(fields: "handle") { handle: String busy: Boolean! }
  type Event { at: String! team: Team host: Member guests: [[Member]] }
  type Bundle @key(fields: "parts { id tag { name } } labels") { parts: [Part!]! labels: [String!]! price: Int }
  type Part @shareable { id: ID! tag: Tag }
  type Tag @shareable { name: String }
`;

const data = (): Data => ({
  Org: [
    { __typename: 'Org', id: '1', name: 'Acme', settings: { theme: { dark: true }, list: [[1], []] } },
    { __typename: 'Org', id: '2', name: 'Beta', settings: null },
  ],
  Team: [
    { __typename: 'Team', org: '1', slug: 'ops', title: 'Operations', members: ['1', 'gone', '3'], lead: '1', events: [0, 1] },
    { __typename: 'Team', org: '1', slug: 'dev', title: null, members: [], lead: '2', events: null },
    { __typename: 'Team', org: '2', slug: 'ops', title: 'Other', members: ['2', '4'], lead: '4', events: [2] },
  ],
  Member: [
    {
      __typename: 'Member',
      id: '1',
      handle: 'ada',
      role: 'OWNER',
      badge: 'x1',
      manager: null,
      email: 'ada@example.com',
      slips: [[100, 120], null, []],
      bonus: 5,
      color: 'red',
    },
    {
      __typename: 'Member',
      id: '2',
      handle: 'bob',
      role: null,
      badge: 'x2',
      manager: 'ada',
      email: 'bob@example.com',
      slips: [[90]],
      bonus: null,
      color: null,
    },
    // Without a handle: who is asked by handle does not know him.
    {
      __typename: 'Member',
      id: '3',
      handle: null,
      role: 'GUEST',
      badge: 'x3',
      manager: 'bob',
      email: 'cy@example.com',
      slips: [],
      bonus: 1,
      color: 'blue',
    },
    // Without a badge, and without a mail address, which may not be.
    {
      __typename: 'Member',
      id: '4',
      handle: 'dot',
      role: 'ADMIN',
      badge: null,
      manager: 'ada',
      email: null,
      slips: [[70]],
      bonus: 2,
      color: 'green',
    },
  ],
  Bundle: [
    {
      __typename: 'Bundle',
      parts: [
        { id: '1', tag: { name: 'a' } },
        { id: '2', tag: null },
      ],
      labels: ['big', 'red'],
      title: 'Null inside',
      price: 3,
    },
    {
      __typename: 'Bundle',
      parts: [
        { id: '1', tag: { name: 'a' } },
        { id: '2', tag: { name: 'b' } },
      ],
      labels: [],
      title: 'Whole',
      price: 4,
    },
    {
      __typename: 'Bundle',
      parts: [
        { id: '2', tag: { name: 'b' } },
        { id: '1', tag: { name: 'a' } },
      ],
      labels: [],
      title: 'Turned',
      price: 5,
    },
  ],
  Event: [
    { at: '09:00', team: 0, host: 'ada', guests: [['bob', null], [], null] },
    { at: '10:00', team: null, host: null, guests: null },
    { at: '11:00', team: 2, host: 'dot', guests: [['ada', 'dot']] },
  ],
});

const byId = ({ Member = [] }: Data, id: unknown): Row | null => Member.find((row) => row['id'] === id) ?? null;
const byHandle = ({ Member = [] }: Data, handle: unknown): Row | null =>
  handle ? (Member.find((row) => row['handle'] === handle) ?? null) : null;
const unknownByHandle = ({ __typename, handle }: Row): boolean => __typename === 'Member' && handle === null;
const unknownBundle = ({ __typename, title }: Row): boolean => __typename === 'Bundle' && title === 'Null inside';

export const org: WorldDefinition = {
  name: 'org',
  subgraphs: { tenants, people, badges, payroll, calendar },
  data,
  missing: {
    people: unknownByHandle,
    payroll: ({ __typename, badge }) => __typename === 'Member' && badge === null,
    calendar: (row) => unknownByHandle(row) || unknownBundle(row),
  },
  fields: {
    Query: {
      orgs: (_, __, all) => all['Org'],
      team: (_, { org: id, slug }, { Team = [] }) => Team.find((row) => row['org'] === id && row['slug'] === slug) ?? null,
      member: (_, { id }, all) => byId(all, id),
      bundles: (_, __, all) => all['Bundle'],
      staff: (_, { first }, { Member = [] }) => Member.filter(({ handle }) => handle !== null).slice(0, first ?? 2),
      payslip: (_, { badge }, { Member = [] }) => {
        const owner = Member.find((row) => row['badge'] === badge);
        return owner ? { month: 1, amount: owner['slips'][0]?.[0] ?? null, owner } : null;
      },
      today: (_, __, { Event = [] }) => [Event[0], null, Event[2]],
    },
    Org: { teams: ({ id }, _, { Team = [] }) => Team.filter((row) => row['org'] === id) },
    Team: {
      org: ({ org: id }, _, { Org = [] }) => Org.find((row) => row['id'] === id),
      members: ({ members }, _, all) => members.map((id: string) => byId(all, id)),
      lead: ({ lead }, _, all) => (typeof lead === 'object' ? lead : byId(all, lead)),
      events: ({ events }, _, { Event = [] }) => events?.map((index: number) => Event[index]) ?? null,
      next: ({ events }, _, { Event = [] }) => Event[events?.[0] ?? -1] ?? null,
      headline: ({ title, lead }, _, all) => `${title} with ${typeof lead === 'object' ? lead.handle : byId(all, lead)?.['handle']}`,
    },
    Member: {
      manager: ({ manager }, _, all) => byHandle(all, manager),
      reports: ({ handle }, _, { Member = [] }) => Member.filter((row) => row['manager'] === handle && row['handle'] !== null),
      chain: ({ id }) => ({
        level: 1,
        next: {
          level: 2,
          next: { level: id === '2' ? null : 3, deep: { deeper: { value: 3 } } },
          deep: { deeper: { value: id === '1' ? null : 2 }, note: 'two' },
        },
        deep: { deeper: { value: 1 }, note: null },
      }),
      color: ({ color }, { dark }) => (color && dark ? `dark ${color}` : color),
      payslips: (owner) =>
        owner['slips'].map((year: number[] | null) => year?.map((amount, index) => ({ month: index + 1, amount, owner })) ?? null),
      total: ({ slips }) => slips.flat().reduce((sum: number, amount: number | null) => sum + (amount ?? 0), 0),
      busy: ({ handle }) => handle === 'ada',
    },
    Event: {
      team: ({ team }, _, { Team = [] }) => Team[team ?? -1] ?? null,
      host: ({ host }, _, all) => byHandle(all, host),
      guests: ({ guests }, _, all) =>
        guests?.map((table: string[] | null) => table?.map((handle) => byHandle(all, handle)) ?? null) ?? null,
    },
  },
};

export const orgHints: Hints = { org: ['1', '2'], slug: ['ops', 'dev'], badge: ['x1', 'x3', 'none'], id: ['1', '2', '3', '4'] };
