import { type FieldNode, type GraphQLLeafType, isEnumType } from 'graphql';
import { quote, toJson } from './json.ts';
import type { AbstractShape, FieldShape, ObjectShape, ValueShape } from './shape.ts';
import { isTree, own, type Tree } from './tree.ts';

/** What one answer's writing needs besides its data, and what it found. */
export interface Writing {
  /** The text of an introspection field. */
  readonly introspect: (nodes: readonly FieldNode[]) => string;
  /** Something stands in the data, or in the operation, that becomes null with an error, or is missing; `flaws.ts` says what. */
  flawed: boolean;
}

/** Writes an object as JSON text, its fields in the operation's order; undefined when a null must go up to its parent. */
export type Writer = (object: Tree, writing: Writing) => string | undefined;

type ValueWriter = (value: unknown, writing: Writing) => string | undefined;
type FieldWriter = (object: Tree, writing: Writing) => string | undefined;

/** A writer made of closures, for where generated code is not welcome; `generate-writer.ts` makes the same of code. */
export function composeWriter(shape: ObjectShape): Writer {
  const known = new Map<ObjectShape, Writer>();
  const writerOf = (one: ObjectShape): Writer => {
    const writer = known.get(one) ?? objectWriter(one, writerOf);
    known.set(one, writer);
    return writer;
  };
  return writerOf(shape);
}

type WriterOf = (shape: ObjectShape) => Writer;

function objectWriter(shape: ObjectShape, writerOf: WriterOf): Writer {
  const fields = shape.fields.map((field, index) => ({
    label: `${index === 0 ? '' : ','}${JSON.stringify(field.responseKey)}:`,
    write: fieldWriter(shape, field, writerOf),
  }));
  return (object, writing) => {
    let text = '{';
    for (const { label, write } of fields) {
      const value = write(object, writing);
      if (value === undefined) return undefined;
      text += label + value;
    }
    return `${text}}`;
  };
}

function fieldWriter(parent: ObjectShape, field: FieldShape, writerOf: WriterOf): FieldWriter {
  const { dataKey } = field;
  switch (field.kind) {
    case 'typename': {
      const text = parent.isAbstract ? undefined : JSON.stringify(parent.typeName);
      return () => text;
    }
    case 'introspection':
      return (_object, writing) => writing.introspect(field.nodes);
    case 'closed':
    case 'hole':
      return (_object, writing) => {
        writing.flawed = true;
        return field.nonNull ? undefined : 'null';
      };
    case 'value': {
      const write = valueWriter(field.value, writerOf);
      return (object, writing) => write(own(object, dataKey), writing);
    }
  }
}

function valueWriter(shape: ValueShape, writerOf: WriterOf): ValueWriter {
  const write = presentWriter(shape, writerOf);
  const absent = shape.nonNull ? undefined : 'null';
  return (value, writing) => {
    if (value !== null && value !== undefined) return write(value, writing) ?? absent;
    return absent ?? flaw(writing);
  };
}

/** Writes what is not null. */
function presentWriter(shape: ValueShape, writerOf: WriterOf): ValueWriter {
  switch (shape.kind) {
    case 'leaf':
      return leafWriter(shape.type);
    case 'list':
      return listWriter(valueWriter(shape.item, writerOf));
    case 'object': {
      let write: Writer | undefined;
      return (value, writing) => {
        if (!isTree(value)) return flaw(writing);
        write ??= writerOf(shape.shape);
        return write(value, writing);
      };
    }
    case 'abstract':
      return (value, writing) => {
        if (!isTree(value)) return flaw(writing);
        const found = shapeFor(shape, value['__typename']);
        return found ? writerOf(found)(value, writing) : flaw(writing);
      };
  }
}

/** The shape for what an object says it is; undefined where it must say that and does not, or says what it cannot be. */
export function shapeFor(shape: AbstractShape, typeName: unknown): ObjectShape | undefined {
  if (isUntold(shape, typeName)) return shape.unknown;
  return typeof typeName === 'string' ? shape.byType.get(typeName) : undefined;
}

/** Whether an object does not say which of the possible types it has. */
export const isUntold = (shape: AbstractShape, typeName: unknown): boolean =>
  typeName === undefined || typeName === null || typeName === shape.typeName;

function listWriter(writeItem: ValueWriter): ValueWriter {
  return (value, writing) => {
    if (!Array.isArray(value)) return flaw(writing);
    let text = '[';
    for (let index = 0; index < value.length; index++) {
      const item = writeItem(value[index], writing);
      if (item === undefined) return undefined;
      text += index === 0 ? item : `,${item}`;
    }
    return `${text}]`;
  };
}

function flaw(writing: Writing): undefined {
  writing.flawed = true;
}

function leafWriter(type: GraphQLLeafType): ValueWriter {
  const write = leafText(type);
  return (value, writing) => write(value) ?? flaw(writing);
}

/** GraphQL's integers have 32 bits. */
const isInt = (value: unknown): boolean => Number.isInteger(value) && Math.abs((value as number) + 0.5) < 2_147_483_648;

/** The text of a leaf, or undefined for a value that its type does not have. */
export function leafText(type: GraphQLLeafType): (value: unknown) => string | undefined {
  if (isEnumType(type)) {
    const texts = new Map<unknown, string>(type.getValues().map(({ name }) => [name, JSON.stringify(name)]));
    return (value) => texts.get(value);
  }
  switch (type.name) {
    case 'String':
      return (value) => (typeof value === 'string' ? quote(value) : undefined);
    case 'ID':
      return (value) => (typeof value === 'string' ? quote(value) : Number.isInteger(value) ? `"${String(value)}"` : undefined);
    case 'Int':
      return (value) => (isInt(value) ? String(value) : undefined);
    case 'Float':
      return (value) => (Number.isFinite(value) ? String(value) : undefined);
    case 'Boolean':
      return (value) => (typeof value === 'boolean' ? String(value) : undefined);
    default:
      return toJson;
  }
}
