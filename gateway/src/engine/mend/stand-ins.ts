import { type QueryPlanSelectionNode, trimSelectionNodes } from '@apollo/query-planner';
import {
  type ArgumentNode,
  type ConstDirectiveNode,
  type DefinitionNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type FieldNode,
  type InterfaceTypeDefinitionNode,
  Kind,
  type ObjectTypeDefinitionNode,
  parse,
  print,
  type SelectionSetNode,
  type TypeNode,
  visit,
} from 'graphql';
import { freeName } from '../free-name.ts';
import { textArgument } from './directives.ts';

/** The field that one of ours stands for. */
export interface StandIn {
  readonly name: string;
  readonly arguments: readonly ArgumentNode[];
}

/** A supergraph for the planner, with fields of ours that clients never see. */
export interface SupergraphWithStandIns {
  readonly document: DocumentNode;
  /** What each of our fields stands for, by its name. */
  readonly standIns: ReadonlyMap<string, StandIn>;
  /** What a subgraph's field requires, with our fields in place of those that they stand for. */
  requiredBy(serviceName: string, typeName: string, fieldName: string): readonly QueryPlanSelectionNode[];
}

type FieldsNode = ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode;

/**
 * Gives each field with arguments that a `@requires` asks for a field without arguments that stands for it. The planner
 * tells required fields apart by name alone: of `price(currency: USD)` and `price(currency: EUR)`, required by two
 * fields of one object, it fetches one for both.
 */
export function addStandIns(supergraph: DocumentNode): SupergraphWithStandIns {
  const types = typesOf(supergraph);
  const { standIns, uses, replaceIn } = createReplacer(types);
  const services = serviceNames(supergraph);
  const required = new Map<string, readonly QueryPlanSelectionNode[]>();
  const keyOf = (...names: readonly (string | undefined)[]) => JSON.stringify(names);

  const mendDirective = (typeName: string, fieldName: string, directive: ConstDirectiveNode): ConstDirectiveNode => {
    const fields = directive.name.value === 'join__field' ? textArgument(directive, 'requires') : undefined;
    if (fields === undefined) return directive;
    const selections = selectionsOf(fields);
    const replaced = replaceIn(typeName, selections);
    const service = services.get(textArgument(directive, 'graph') ?? '');
    required.set(keyOf(service, typeName, fieldName), trimSelectionNodes(replaced.selections));
    if (replaced === selections) return directive;
    return withText(directive, 'requires', print(replaced).replaceAll(/\s+/g, ' ').slice(1, -1));
  };
  const document = mapFields(supergraph, ({ name: { value: typeName }, fields = [] }) =>
    fields.map(({ directives = [], ...field }) => ({
      ...field,
      directives: directives.map((one) => mendDirective(typeName, field.name.value, one)),
    })),
  );
  return {
    document: mapFields(document, ({ name: { value: typeName }, fields = [] }) => [
      ...fields,
      ...[...(uses.get(typeName) ?? [])].flatMap((name) => standInField(name, fields, standIns)),
    ]),
    standIns,
    requiredBy: (service, typeName, fieldName) => required.get(keyOf(service, typeName, standIns.get(fieldName)?.name ?? fieldName)) ?? [],
  };
}

/** Replaces selections, and keeps what it has made: the stand-ins, and the names of those that each type is to have. */
function createReplacer(types: ReadonlyMap<string, FieldsNode>) {
  const taken = new Set([...types.values()].flatMap(({ fields = [] }) => fields.map(({ name }) => name.value)));
  const standIns = new Map<string, StandIn>();
  const names = new Map<string, string>();
  const uses = new Map<string, Set<string>>();

  const nameFor = (field: FieldNode): string => {
    const { name, arguments: given = [] } = field;
    const meaning = print({ kind: Kind.FIELD, name, arguments: given });
    const made = names.get(meaning) ?? freeName(`_r${names.size}_${name.value}`, taken);
    names.set(meaning, made);
    standIns.set(made, { name: name.value, arguments: given });
    return made;
  };
  /** Whoever implements an interface has its fields. */
  const use = (typeName: string, name: string): void => {
    for (const [other, { interfaces = [] }] of types)
      if (other === typeName || interfaces.some((one) => one.name.value === typeName))
        uses.set(other, (uses.get(other) ?? new Set()).add(name));
  };
  const replaceField = (typeName: string, node: FieldNode): FieldNode => {
    const field = types.get(typeName)?.fields?.find(({ name }) => name.value === node.name.value);
    if (!field) return node;
    const selectionSet = node.selectionSet && replaceIn(namedType(field.type), node.selectionSet);
    if (!field.arguments?.length) return selectionSet === node.selectionSet ? node : { ...node, ...(selectionSet ? { selectionSet } : {}) };
    const name = nameFor(node);
    use(typeName, name);
    return { kind: Kind.FIELD, name: nameNode(name), ...(selectionSet ? { selectionSet } : {}) };
  };
  /** The same set where nothing is to be replaced. */
  const replaceIn = (typeName: string, set: SelectionSetNode): SelectionSetNode => {
    const selections = set.selections.map((node) => {
      if (node.kind === Kind.FIELD) return replaceField(typeName, node);
      if (node.kind === Kind.FRAGMENT_SPREAD) return node;
      const selectionSet = replaceIn(node.typeCondition?.name.value ?? typeName, node.selectionSet);
      return selectionSet === node.selectionSet ? node : { ...node, selectionSet };
    });
    return selections.every((node, index) => node === set.selections[index]) ? set : { ...set, selections };
  };
  return { standIns, uses, replaceIn };
}

/** A stand-in is where the field is that it stands for, and has its type. */
function standInField(name: string, fields: readonly FieldDefinitionNode[], standIns: ReadonlyMap<string, StandIn>): FieldDefinitionNode[] {
  const field = fields.find((one) => one.name.value === standIns.get(name)?.name);
  if (!field) return [];
  const directives = (field.directives ?? []).filter((directive) => directive.name.value.startsWith('join__'));
  return [{ kind: Kind.FIELD_DEFINITION, name: nameNode(name), type: field.type, directives }];
}

/** Whether a definition is of a type with fields. */
export const isFieldsNode = (node: DefinitionNode): node is FieldsNode =>
  node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.INTERFACE_TYPE_DEFINITION;

const typesOf = ({ definitions }: DocumentNode): Map<string, FieldsNode> =>
  new Map(definitions.filter(isFieldsNode).map((node) => [node.name.value, node]));

function mapFields(document: DocumentNode, change: (node: FieldsNode) => readonly FieldDefinitionNode[]): DocumentNode {
  const mend = <Node extends FieldsNode>(node: Node): Node => ({ ...node, fields: change(node) });
  return visit(document, { ObjectTypeDefinition: mend, InterfaceTypeDefinition: mend });
}

/** The names of the subgraphs, by what the supergraph calls them. */
export function serviceNames(supergraph: DocumentNode): Map<string, string> {
  const names = new Map<string, string>();
  visit(supergraph, {
    EnumValueDefinition: ({ name, directives = [] }) => {
      const graph = directives.find((one) => one.name.value === 'join__graph');
      const service = graph && textArgument(graph, 'name');
      if (service !== undefined) names.set(name.value, service);
    },
  });
  return names;
}

/** The selections of a set of fields without braces around it. */
export function selectionsOf(fields: string): SelectionSetNode {
  const [definition] = parse(`{${fields}}`, { noLocation: true }).definitions;
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error(`"${fields}" is no set of fields`);
  return definition.selectionSet;
}

const withText = (directive: ConstDirectiveNode, name: string, value: string): ConstDirectiveNode => ({
  ...directive,
  arguments: (directive.arguments ?? []).map((one) => (one.name.value === name ? { ...one, value: { kind: Kind.STRING, value } } : one)),
});

const nameNode = (value: string) => ({ kind: Kind.NAME, value }) as const;

const namedType = (type: TypeNode): string => (type.kind === Kind.NAMED_TYPE ? type.name.value : namedType(type.type));
