import { type AppProcess, startAppProcess } from '../support/app-process.ts';
import { createWorld, type World } from '../support/journey.ts';
import { walks } from './walks/all.ts';

// One process holds all domains, as `npm start` does.
let app: AppProcess;
let world: World;
beforeAll(async () => {
  app = await startAppProcess({ environment: { SEED: 'none' } });
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
