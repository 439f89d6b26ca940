import {
  type DocumentNode,
  doTypesOverlap,
  type FieldNode,
  type GraphQLSchema,
  isCompositeType,
  Kind,
  OverlappingFieldsCanBeMergedRule,
  parse,
  validate,
  visit,
} from 'graphql';

/** An argument's value as it was drawn; where it stands decides whether it is written or sent as a variable. */
export type Value =
  | { readonly kind: 'leaf'; readonly literal: string; readonly json: unknown }
  | { readonly kind: 'list'; readonly items: readonly Value[] }
  | { readonly kind: 'object'; readonly fields: Readonly<Record<string, Value>> }
  | { readonly kind: 'variable'; readonly type: string; readonly form: 'given' | 'default' | 'absent'; readonly value: Value };

/** `@skip` or `@include`, by a literal or a variable. */
export interface Condition {
  readonly directive: 'skip' | 'include';
  readonly value: boolean;
  readonly asVariable: boolean;
}

export type Selection =
  | {
      readonly kind: 'field';
      readonly name: string;
      readonly alias: string | undefined;
      readonly args: Readonly<Record<string, Value>>;
      readonly conditions: readonly Condition[];
      readonly children: readonly Selection[] | undefined;
    }
  | {
      readonly kind: 'fragment';
      readonly named: boolean;
      readonly on: string | undefined;
      readonly parent: string;
      readonly conditions: readonly Condition[];
      readonly children: readonly Selection[];
    }
  /** Spreads a fragment that was named before, if there is one that fits. */
  | { readonly kind: 'again'; readonly pick: number; readonly parent: string; readonly conditions: readonly Condition[] };

export interface OperationModel {
  readonly operation: 'query' | 'mutation';
  readonly selections: readonly Selection[];
}

/** An operation as a client would send it. */
export interface GeneratedOperation {
  readonly document: DocumentNode;
  readonly variables: Readonly<Record<string, unknown>>;
}

interface Writer {
  readonly schema: GraphQLSchema;
  readonly definitions: string[];
  readonly variables: Record<string, unknown>;
  readonly fragments: { readonly name: string; readonly on: string; readonly text: string }[];
  count: number;
}

/** Writes a model as a document that is valid against the schema. */
export function writeOperation(schema: GraphQLSchema, { operation, selections }: OperationModel): GeneratedOperation {
  const writer: Writer = { schema, definitions: [], variables: {}, fragments: [], count: 0 };
  const body = writeSelections(writer, selections);
  const head = writer.definitions.length > 0 ? `(${writer.definitions.join(' ')})` : '';
  const fragments = writer.fragments.map(({ name, on, text }) => `fragment ${name} on ${on} ${text}`);
  const document = mergeable(schema, parse([`${operation} Generated${head} ${body}`, ...fragments].join('\n')));
  return { document, variables: writer.variables };
}

function writeSelections(writer: Writer, selections: readonly Selection[]): string {
  const parts = selections.map((selection) => writeSelection(writer, selection)).filter(Boolean);
  return `{ ${parts.length > 0 ? parts.join(' ') : '__typename'} }`;
}

function writeSelection(writer: Writer, selection: Selection): string {
  if (selection.kind === 'field') {
    const args = Object.entries(selection.args).map(([name, value]) => `${name}: ${writeValue(writer, value)}`);
    const alias = selection.alias && selection.alias !== selection.name ? `${selection.alias}: ` : '';
    const children = selection.children ? ` ${writeSelections(writer, selection.children)}` : '';
    const list = args.length > 0 ? `(${args.join(', ')})` : '';
    return `${alias}${selection.name}${list}${writeConditions(writer, selection.conditions)}${children}`;
  }
  if (selection.kind === 'again') {
    const fitting = writer.fragments.filter(({ on }) => overlap(writer.schema, on, selection.parent));
    const fragment = fitting[selection.pick % Math.max(1, fitting.length)];
    return fragment ? `...${fragment.name}${writeConditions(writer, selection.conditions)}` : '';
  }
  const conditions = writeConditions(writer, selection.conditions);
  const text = writeSelections(writer, selection.children);
  if (!selection.named) return `...${selection.on ? ` on ${selection.on}` : ''}${conditions} ${text}`;
  const on = selection.on ?? selection.parent;
  const known = writer.fragments.find((fragment) => fragment.on === on && fragment.text === text);
  const name = known?.name ?? `F${writer.fragments.length}`;
  if (!known) writer.fragments.push({ name, on, text });
  return `...${name}${conditions}`;
}

function overlap(schema: GraphQLSchema, a: string, b: string): boolean {
  const [left, right] = [schema.getType(a), schema.getType(b)];
  return isCompositeType(left) && isCompositeType(right) && doTypesOverlap(schema, left, right);
}

/** All conditions share two variables, so that they meet; whoever runs the document may send them the other way round. */
const writeConditions = (writer: Writer, conditions: readonly Condition[]): string =>
  conditions
    .filter(({ directive }, index) => conditions.findIndex((other) => other.directive === directive) === index)
    .map(({ directive, value, asVariable }) => ` @${directive}(if: ${asVariable ? conditionVariable(writer, value) : value})`)
    .join('');

function conditionVariable(writer: Writer, value: boolean): string {
  const name = value ? 'yes' : 'no';
  if (!(name in writer.variables)) writer.definitions.push(`$${name}: Boolean!`);
  writer.variables[name] = value;
  return `$${name}`;
}

function variable(writer: Writer, type: string, fallback: string | undefined, json: unknown): string {
  const name = `v${writer.count++}`;
  writer.definitions.push(`$${name}: ${type}${fallback === undefined ? '' : ` = ${fallback}`}`);
  if (json !== undefined) writer.variables[name] = json;
  return `$${name}`;
}

function writeValue(writer: Writer, value: Value): string {
  if (value.kind === 'leaf') return value.literal;
  if (value.kind === 'list') return `[${value.items.map((item) => writeValue(writer, item)).join(', ')}]`;
  if (value.kind === 'object')
    return `{ ${Object.entries(value.fields)
      .map(([name, field]) => `${name}: ${writeValue(writer, field)}`)
      .join(', ')} }`;
  if (value.form === 'given') return variable(writer, value.type, undefined, toJson(value.value));
  const optional = value.type.replace(/!$/, '');
  if (value.form === 'absent') return variable(writer, optional, undefined, undefined);
  return variable(writer, optional, writeValue(writer, value.value), undefined);
}

function toJson(value: Value): unknown {
  if (value.kind === 'leaf') return value.json;
  if (value.kind === 'list') return value.items.map(toJson);
  if (value.kind === 'object') return Object.fromEntries(Object.entries(value.fields).map(([name, field]) => [name, toJson(field)]));
  return toJson(value.value);
}

const mostRepairs = 50;

/** Gives fields an alias of their own where two that cannot be merged stand under one name. */
function mergeable(schema: GraphQLSchema, document: DocumentNode): DocumentNode {
  let current = document;
  for (let round = 0; round < mostRepairs; round++) {
    const conflicts = validate(schema, current, [OverlappingFieldsCanBeMergedRule]);
    if (conflicts.length === 0) break;
    const nodes = new Set(conflicts.map(({ nodes = [] }) => nodes[0] as FieldNode));
    let count = 0;
    current = visit(current, {
      Field: (node) => (nodes.has(node) ? { ...node, alias: { kind: Kind.NAME, value: `other${round}_${count++}` } } : undefined),
    });
  }
  return current;
}
