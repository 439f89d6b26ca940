import { conflict, notFound } from '@supergraph/platform/errors';
import type { Hints } from '../generate-values.ts';
import type { Data, Row, WorldDefinition } from '../world-definition.ts';

/** Mutations of several subgraphs: one after the other, with what each of them left behind. */
const bank = `
  type Query { accounts: [Account!]! account(id: ID!): Account }
  type Mutation {
    deposit(id: ID!, amount: Int! = 5): Account
    withdraw(input: Withdrawal!): Account!
    transfer(from: ID!, to: ID!, amount: Int!): [Account!]
    open(owner: String): Account!
  }
  input Withdrawal { id: ID! amount: Int! = 1 }
  type Account @key(fields: "id") { id: ID! balance: Int! owner: String moves: [Move!]! }
  type Move { amount: Int! at: Int! }
`;

const notes = `
  type Mutation { note(account: ID!, text: String!): Note clear: Int! }
  type Account @key(fields: "id") { id: ID! notes(last: Int): [Note!]! lastNote: Note balance: Int! @external worth: Int @requires(fields: "balance") }
  type Note @key(fields: "number") { number: Int! text: String! account: Account! }
`;

const audit = `
  type Query { steps: [String!]! }
  type Mutation { sign(by: String): Signature! }
  type Signature { count: Int! by: String account: Account }
  type Account @key(fields: "id") { id: ID! risk: Int! }
  type Note @key(fields: "number") { number: Int! length: Int }
`;

const data = (): Data => ({
  Account: [
    { __typename: 'Account', id: '1', balance: 10, owner: 'ada', moves: [] },
    { __typename: 'Account', id: '2', balance: 0, owner: null, moves: [] },
  ],
  Note: [{ __typename: 'Note', number: 1, text: 'begin', account: '1' }],
  Step: [],
});

const find = ({ Account = [] }: Data, id: unknown): Row => {
  const account = Account.find((row) => row['id'] === id);
  if (!account) throw notFound('Account');
  return account;
};

/** Writes down what was done: its number is what a later field of the same operation sees. */
function step(rows: Data, name: string): number {
  rows['Step']?.push({ name });
  return rows['Step']?.length ?? 0;
}

function move(rows: Data, id: unknown, amount: number): Row {
  const account = find(rows, id);
  if (account['balance'] + amount < 0) throw conflict('not enough on the account', { reason: 'NO_COVER' });
  account['balance'] += amount;
  account['moves'] = [...account['moves'], { amount, at: step(rows, `move ${amount}`) }];
  return account;
}

export const ledger: WorldDefinition = {
  name: 'ledger',
  subgraphs: { bank, notes, audit },
  data,
  fields: {
    Query: {
      accounts: (_, __, { Account }) => Account,
      account: (_, { id }, { Account = [] }) => Account.find((row) => row['id'] === id) ?? null,
      steps: (_, __, { Step = [] }) => Step.map(({ name }: Row) => name),
    },
    Mutation: {
      deposit: (_, { id, amount }, rows) => move(rows, id, amount),
      withdraw: (_, { input }, rows) => move(rows, input.id, -input.amount),
      transfer: (_, { from, to, amount }, rows) => [move(rows, from, -amount), move(rows, to, amount)],
      open: (_, { owner }, rows) => {
        const account = { __typename: 'Account', id: `n${step(rows, 'open')}`, balance: 0, owner: owner ?? null, moves: [] };
        rows['Account']?.push(account);
        return account;
      },
      note: (_, { account, text }, rows) => {
        find(rows, account);
        const note = { __typename: 'Note', number: step(rows, 'note') + 1, text, account };
        rows['Note']?.push(note);
        return note;
      },
      clear: (_, __, rows) => {
        step(rows, 'clear');
        return rows['Note']?.splice(0).length;
      },
      sign: (_, { by }, rows) => ({ count: step(rows, 'sign'), by: by ?? null }),
    },
    Signature: { account: ({ by }, _, { Account = [] }) => Account.find(({ owner }) => owner === by) ?? null },
    Account: {
      notes: ({ id }, { last }, { Note = [] }) => Note.filter(({ account }) => account === id).slice(typeof last === 'number' ? -last : 0),
      lastNote: ({ id }, _, { Note = [] }) => Note.findLast(({ account }) => account === id) ?? null,
      worth: ({ balance }) => balance * 2,
      risk: ({ id }) => (id === '2' ? null : 1),
    },
    Note: {
      account: ({ account }, _, rows) => find(rows, account),
      length: ({ text }) => text.length,
    },
  },
};

export const ledgerHints: Hints = {
  id: ['1', '2', 'none'],
  from: ['1', '2'],
  to: ['2', '1', 'none'],
  account: ['1', '2', 'none'],
  amount: [1, 4, 50],
  last: [1, 2],
  by: ['ada', 'eve'],
};
