import { isTree, own, type Path, type Tree } from './tree.ts';

/** A plan's path: response keys, and `@` for each list that is gone through. */
export type PlanPath = readonly string[];

/** Every object at the end of a path, in the order of the answer. */
export function targetsAt(root: Tree, path: PlanPath): Tree[] {
  const found: Tree[] = [];
  collect(root, path, 0, found);
  return found;
}

function collect(value: unknown, path: PlanPath, at: number, found: Tree[]): void {
  if (typeof value !== 'object' || value === null) return;
  if (at === path.length) {
    if (!Array.isArray(value)) found.push(value as Tree);
    return;
  }
  const step = path[at] as string;
  if (step === '@') {
    if (!Array.isArray(value)) return;
    for (const item of value) collect(item, path, at + 1, found);
    return;
  }
  if (!Array.isArray(value)) collect(own(value as Tree, step), path, at + 1, found);
}

/** Where an object stands, and which objects it stands in: nearest first, one for each key of its path. */
export interface Place {
  readonly path: Path;
  readonly parents: readonly Tree[];
}

/** The places of every object at the end of a path; one object may stand at several. */
export function placesAt(root: Tree, path: PlanPath): Map<Tree, Place[]> {
  const found = new Map<Tree, Place[]>();
  const visit = (value: unknown, at: number, place: Place): void => {
    if (typeof value !== 'object' || value === null) return;
    if (at === path.length) {
      if (!isTree(value)) return;
      const places = found.get(value);
      if (places) places.push(place);
      else found.set(value, [place]);
      return;
    }
    const step = path[at] as string;
    if (step !== '@') {
      if (isTree(value)) visit(own(value, step), at + 1, { path: [...place.path, step], parents: [value, ...place.parents] });
      return;
    }
    if (!Array.isArray(value)) return;
    for (const [index, item] of value.entries()) visit(item, at + 1, { ...place, path: [...place.path, index] });
  };
  visit(root, 0, { path: [], parents: [] });
  return found;
}

/** What a path has before its first list: the place of all that cannot be told apart. */
export const fixedPart = (path: PlanPath): Path => (path.includes('@') ? path.slice(0, path.indexOf('@')) : path);
