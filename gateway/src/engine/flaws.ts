import type { GraphQLLeafType } from 'graphql';
import type { Told } from './errors.ts';
import type { Run } from './run.ts';
import type { FieldShape, ObjectShape, ValueShape } from './shape.ts';
import { isTree, own, type Path, type Tree } from './tree.ts';
import { isUntold, leafText, shapeFor } from './write.ts';

/** Why a place is null although its data, or the want of data, does not say so. */
export type Flaw =
  | { readonly kind: 'closed'; readonly path: Path; readonly closedAs: string }
  | { readonly kind: 'hole'; readonly path: Path; readonly tell: () => Told }
  /** `missing` where nothing stands that a subgraph has promised, and no subgraph has said that it does not know the object. */
  | { readonly kind: 'invalid' | 'missing'; readonly path: Path; readonly expected: string };

/** The first place where null stands that makes the whole answer null; undefined where there is none. */
export function findForbiddenNull(shape: ObjectShape, data: Tree, at: Path = []): Path | undefined {
  const inObject = (one: ObjectShape, object: Tree, path: Path): Path | undefined => {
    for (const field of one.fields) {
      if (field.kind !== 'value') continue;
      const found = inValue(field.value, own(object, field.dataKey), [...path, field.responseKey]);
      if (found) return found;
    }
    return undefined;
  };
  const inValue = (value: ValueShape, found: unknown, path: Path): Path | undefined => {
    if (found === null || found === undefined) return value.nonNull ? path : undefined;
    const one =
      value.kind === 'object' ? value.shape : value.kind === 'abstract' && isTree(found) ? shapeFor(value, found['__typename']) : undefined;
    if (value.kind === 'abstract' && !one) return value.nonNull ? path : undefined;
    // What may be null itself keeps the null below it from going further up.
    if (!value.nonNull) return undefined;
    if (one) return isTree(found) ? inObject(one, found, path) : undefined;
    if (value.kind !== 'list' || !Array.isArray(found)) return undefined;
    for (const [index, item] of found.entries()) {
      const place = inValue(value.item, item, [...path, index]);
      if (place) return place;
    }
    return undefined;
  };
  return inObject(shape, data, at);
}

const mostFlaws = 100;

/** Looks for what a writer met when it set `flawed`: the same walk, slowly and with places. */
export function findFlaws(shape: ObjectShape, { data, unknown }: Pick<Run, 'data' | 'unknown'>, at: Path = []): Flaw[] {
  const flaws: Flaw[] = [];
  const note = (flaw: Flaw) => {
    if (flaws.length < mostFlaws) flaws.push(flaw);
  };

  const visitObject = (one: ObjectShape, object: Tree, path: Path): void => {
    for (const field of one.fields) visitField(field, object, [...path, field.responseKey]);
  };
  const visitField = (field: FieldShape, object: Tree, path: Path): void => {
    if (field.kind === 'closed') note({ kind: 'closed', path, closedAs: field.closedAs });
    if (field.kind === 'hole') note({ kind: 'hole', path, tell: field.tell });
    if (field.kind !== 'value') return;
    const found = own(object, field.dataKey);
    if (found !== undefined || !unknown.has(object)) visitValue(field.value, found, path);
  };
  const visitValue = (value: ValueShape, found: unknown, path: Path): void => {
    if (found === null || found === undefined) return value.nonNull ? note({ kind: 'missing', path, expected: 'something' }) : undefined;
    switch (value.kind) {
      case 'leaf':
        if (!isLeaf(value.type, found)) note({ kind: 'invalid', path, expected: value.type.name });
        return;
      case 'list':
        if (!Array.isArray(found)) return note({ kind: 'invalid', path, expected: 'a list' });
        return found.forEach((item, index) => visitValue(value.item, item, [...path, index]));
      case 'object':
        return isTree(found) ? visitObject(value.shape, found, path) : note({ kind: 'invalid', path, expected: value.shape.typeName });
      case 'abstract': {
        const one = isTree(found) ? shapeFor(value, found['__typename']) : undefined;
        if (one && isTree(found)) return visitObject(one, found, path);
        if (!isTree(found) || !isUntold(value, found['__typename'])) return note({ kind: 'invalid', path, expected: value.typeName });
        return unknown.has(found) ? undefined : note({ kind: 'missing', path, expected: 'a type' });
      }
    }
  };
  visitObject(shape, data, at);
  return flaws;
}

const isLeaf = (type: GraphQLLeafType, value: unknown): boolean => leafText(type)(value) !== undefined;
