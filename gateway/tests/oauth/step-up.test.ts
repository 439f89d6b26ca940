import { found } from '../journeys/walks/shop.ts';
import { give, type Person } from '../support/journey.ts';
import { register, registerAdministrator } from '../support/people.ts';
import { newClient, type Provider, startProvider, tokensFor } from './support.ts';

// What only people may do who proved a moment ago that it is them: here, of a domain that is not accounts.
let provider: Provider;
let ana: Person;
let acme: string;
beforeAll(async () => {
  provider = await startProvider();
  ana = await register(provider.world, 'Ana');
  acme = await found(provider.world, ana, 'Acme');
});
afterAll(async () => {
  await provider?.end();
});

const schedule =
  'mutation ($input: ScheduleOrganizationDeletionInput!) { scheduleOrganizationDeletion(input: $input) { organization { status } } }';
const cancel =
  'mutation ($input: CancelOrganizationDeletionInput!) { cancelOrganizationDeletion(input: $input) { organization { status } } }';
const transfer = 'mutation ($input: TransferOwnershipInput!) { transferOwnership(input: $input) { membership { id } } }';
const tryBoth = async (token: string) => {
  const codes = async (document: string, input: object) =>
    (await provider.world.ask(document, { input, token, organizationId: acme })).codes;
  return [await codes(schedule, {}), await codes(transfer, { membershipId: ana.id })];
};
const refused = [['UNAUTHENTICATED STEP_UP_REQUIRED'], ['UNAUTHENTICATED STEP_UP_REQUIRED']];

describe('the end of an organization, and its handing over', () => {
  test('is not for an administrator who acts as its owner', async () => {
    const admin = await registerAdministrator(provider.world);
    const act = 'mutation ($input: StartImpersonationInput!) { startImpersonation(input: $input) { tokens { accessToken } } }';
    const { tokens } = await give(provider.world, act, { input: { userId: ana.id, reason: 'looks into a ticket' }, token: admin.token });
    expect(await tryBoth(tokens.accessToken)).toEqual(refused);
  });

  test('is not for an app that the owner let in, whatever it was let in for', async () => {
    const app = await newClient(provider, ana, { name: 'Curious', scopes: ['organizations:read', 'organizations:write'] });
    const { accessToken } = await tokensFor(app, ana, { parameters: { scope: 'openid organizations:read organizations:write' } });
    expect(await tryBoth(accessToken)).toEqual(refused);
  });

  test('is not for a token that the owner made', async () => {
    const create = 'mutation ($input: CreateAccessTokenInput!) { createAccessToken(input: $input) { secret } }';
    const input = { name: 'Robot', scopes: ['organizations:read', 'organizations:write'], organizationId: acme };
    const { secret } = await give(provider.world, create, { input, token: ana.token });
    expect(await tryBoth(secret)).toEqual(refused);
  });

  test('is for the owner who just signed in', async () => {
    const asked = { input: {}, token: ana.token, organizationId: acme };
    expect(await give(provider.world, schedule, asked)).toEqual({ organization: { status: 'DELETION_SCHEDULED' } });
    expect(await give(provider.world, cancel, asked)).toEqual({ organization: { status: 'ACTIVE' } });
  });
});
