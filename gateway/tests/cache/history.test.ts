import { createMemoryStore } from '../../src/cache/memory-store.ts';
import { describeHistory } from './support/history.ts';

describeHistory('in memory', { open: (now) => Promise.resolve(createMemoryStore({ bytes: 1_000_000, now })), runs: 150 });
describeHistory('in memory, over a wire', {
  open: (now) => Promise.resolve(createMemoryStore({ bytes: 1_000_000, now })),
  remote: true,
  runs: 150,
});
// So small that most is thrown out and most touches are forgotten.
describeHistory('in too little memory', {
  open: (now) => Promise.resolve(createMemoryStore({ bytes: 4_000, now, tagsRemembered: 2 })),
  runs: 50,
});
