import { type AppProcess, startAppProcess } from '../support/app-process.ts';
import { createWorld, type World } from '../support/journey.ts';
import { freePorts } from '../support/services.ts';
import { walks } from './walks/all.ts';

// One process holds all domains, as `npm start` does.
let app: AppProcess;
let world: World;
beforeAll(async () => {
  // Tokens and the addresses of sign-in pages name the public address.
  const [port = 0] = await freePorts(1);
  app = await startAppProcess({ environment: { SEED: 'none', PORT: String(port), PUBLIC_URL: `http://127.0.0.1:${port}` } });
  world = createWorld(app);
});
afterAll(async () => {
  await world?.close();
  await app?.end();
});

test.each(walks)('a client walks through %s', async (_name, walk) => walk(world));

test('nothing went wrong on the way', () => {
  expect(app.output()).not.toMatch(/"level":"(error|fatal)"/);
});
