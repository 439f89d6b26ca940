import { isTree, type Tree } from './tree.ts';

/**
 * Merges what a subgraph answered into what is there. Objects are merged member by member and lists item by item;
 * of two other values the later one stays. What was not there before is taken over without a copy.
 */
export function merge(target: Tree, source: Tree): void {
  for (const key of Object.keys(source)) {
    // It would change what the target is, not what it holds.
    if (key === '__proto__') continue;
    const incoming = source[key];
    if (incoming === undefined) continue;
    const present = target[key];
    if (isTree(present) && isTree(incoming)) {
      if (present !== incoming) merge(present, incoming);
    } else if (Array.isArray(present) && Array.isArray(incoming)) mergeLists(present, incoming);
    else target[key] = incoming;
  }
}

function mergeLists(present: unknown[], incoming: readonly unknown[]): void {
  for (const [index, item] of incoming.entries()) {
    const before = present[index];
    if (isTree(before) && isTree(item)) {
      if (before !== item) merge(before, item);
    } else if (Array.isArray(before) && Array.isArray(item)) mergeLists(before, item);
    else present[index] = item;
  }
}
