import { eventually } from '../../support/eventually.ts';
import { type Data, give, type Person, type World } from '../../support/journey.ts';
import { register, registerAdministrator } from '../../support/people.ts';
import { addProduct, openShop } from './shop.ts';
import type { Walk } from './walk.ts';

const save = 'mutation ($input: SavePolicyInput!) { savePolicy(input: $input) { policy { id version } } }';
const activate = 'mutation ($input: ActivatePolicyInput!) { activatePolicy(input: $input) { policy { id version } } }';
const retire = 'mutation ($input: RetirePolicyInput!) { retirePolicy(input: $input) { policy { id state } } }';

const begin = 'mutation ($input: CreateConversationInput!) { createConversation(input: $input) { conversation { id } } }';

/** What an administrator forbids is forbidden in every domain soon after, and allowed again when the policy is retired. */
export const walkPolicies: Walk = async (world) => {
  const root = await registerAdministrator(world);
  const shop = await openShop(world, await register(world, 'Ana'), 'Governed Shop');
  const { id } = await addProduct(shop, 'Tea');
  const bo = await register(world, 'Bo');
  const cy = await register(world, 'Cy');
  const policy = await putInForce(
    world,
    root,
    `forbid(principal == User::"${bo.id}", action in [Action::"catalog", Action::"chat"], resource);`,
  );
  const read = (who: Person | undefined) =>
    world.ask('query ($id: ID!) { product(id: $id) { id } }', { variables: { id }, token: who?.token });
  // Of a conversation that is not there, everybody learns the same; whoever must not ask learns that.
  const ask = (who: Person) => world.ask('query ($id: ID!) { conversation(id: $id) { id } }', { variables: { id }, token: who.token });
  await eventually('the policy in the catalog', async () => (await read(bo)).codes[0] === 'FORBIDDEN POLICY');
  await eventually('the policy in chat', async () => (await ask(bo)).codes[0] === 'FORBIDDEN POLICY');
  // Others, and guests, go on; what was remembered of them is not shown to whom it is forbidden.
  for (const who of [cy, undefined]) expect((await read(who)).data).toEqual({ product: { id } });
  expect((await ask(cy)).codes).toEqual([]);
  expect((await read(bo)).codes).toEqual(['FORBIDDEN POLICY']);

  await give(world, retire, { input: { policyId: policy.id, version: policy.version }, token: root.token });
  await eventually('the end of the policy', async () => (await read(bo)).codes.length === 0 && (await ask(bo)).codes.length === 0);

  // A policy about one person holds wherever that person is among those who are named.
  const about = await putInForce(
    world,
    root,
    `forbid(principal, action == Action::"Mutation.createConversation", resource == User::"${cy.id}");`,
  );
  const talk = (...userIds: string[]) => world.ask(begin, { variables: { input: { name: 'Tea', userIds } }, token: bo.token });
  await eventually('the policy about one person', async () => (await talk(cy.id)).codes[0] === 'FORBIDDEN POLICY');
  expect((await talk(root.id, cy.id)).codes).toEqual(['FORBIDDEN POLICY']);
  expect((await talk(root.id)).codes).toEqual([]);
  await give(world, retire, { input: { policyId: about.id, version: about.version }, token: root.token });
};

async function putInForce(world: World, root: Person, text: string): Promise<Data> {
  const { policy: draft } = await give(world, save, { input: { name: 'Stay out', text }, token: root.token });
  const { policy } = await give(world, activate, { input: { policyId: draft.id, version: draft.version }, token: root.token });
  return policy;
}
