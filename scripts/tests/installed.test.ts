import { remarkOn } from '../installed.ts';

test('an older Node of the machine is said to run npm alone', () => {
  expect(remarkOn('npm/11.19.1 node/v20.20.2 linux x64 workspaces/false', 'v24.21.0')).toMatch(
    /v20\.20\.2, which runs npm .* and nothing else:\n.* v24\.21\.0/,
  );
});

test.each(['npm/11.19.1 node/v24.21.0 linux x64', 'npm/12.0.0 node/v26.1.0 darwin arm64', 'pnpm', ''])(
  'with %j there is nothing to say',
  (agent) => {
    expect(remarkOn(agent, 'v24.21.0')).toBeUndefined();
  },
);
