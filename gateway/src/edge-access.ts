import { type AccessRule, checkRule } from '@supergraph/platform/access';
import type { Identity } from '@supergraph/platform/context';
import { DomainError } from '@supergraph/platform/errors';
import {
  type DocumentNode,
  type FieldNode,
  type GraphQLCompositeType,
  GraphQLError,
  type GraphQLSchema,
  isAbstractType,
  isNonNullType,
  Kind,
  OperationTypeNode,
  type SelectionNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import type { SupergraphFacts } from './supergraph-facts.ts';

/** A field that was taken out: in its place stands `__typename` under this alias, so that its places are known later. */
export interface Denial {
  readonly responseKey: string;
  readonly nonNull: boolean;
  readonly rule: AccessRule;
}

interface Rewritten {
  readonly document: DocumentNode;
  readonly denials: ReadonlyMap<string, Denial>;
}

/** What an identity may run of a document. */
export interface Permitted {
  readonly document: DocumentNode;
  /** Different for each set of denied rules; part of a plan's key. */
  readonly key: string;
  /** What was taken out, by the alias that stands in its place. */
  readonly denials: ReadonlyMap<string, Denial>;
  /** Why this caller may not have what stands under an alias. */
  refusal(alias: string): DomainError;
  /** The error that stands for a subscription's whole answer when its root field is denied. */
  rootError(): GraphQLError | undefined;
}

/** Decides for whole operations, before anything is planned, which fields the caller may ask for. */
export interface EdgeAccess {
  permit(document: DocumentNode, identity: Identity): Permitted;
}

const rewrittenPerDocument = 50;

/** The access rules of a supergraph, checked at the edge; each subgraph checks them again. */
export function createEdgeAccess(schema: GraphQLSchema, facts: SupergraphFacts): EdgeAccess {
  const known = new WeakMap<DocumentNode, { rules: readonly AccessRule[]; rewritten: Map<string, Rewritten> }>();
  const read = (document: DocumentNode) => {
    const found = known.get(document) ?? { rules: rulesIn(schema, facts, document), rewritten: new Map<string, Rewritten>() };
    known.set(document, found);
    return found;
  };
  return {
    permit: (document, identity) => {
      const { rules, rewritten } = read(document);
      const reasons = refusals(rules, identity);
      if (reasons.size === 0) return untouched(document);
      const key = rules.map((rule, index) => (reasons.has(rule) ? index : '')).join('.');
      const result = rewritten.get(key) ?? rewrite(schema, facts, document, reasons);
      if (rewritten.size >= rewrittenPerDocument) rewritten.clear();
      rewritten.set(key, result);
      return permitted(result, key, reasons);
    },
  };
}

const untouched = (document: DocumentNode): Permitted => ({
  document,
  key: '',
  denials: new Map(),
  refusal: (alias) => {
    throw new Error(`nothing was refused under ${alias}`);
  },
  rootError: () => undefined,
});

function permitted({ document, denials }: Rewritten, key: string, reasons: ReadonlyMap<AccessRule, DomainError>): Permitted {
  const refusal = (alias: string) => {
    const denial = denials.get(alias);
    const reason = denial && reasons.get(denial.rule);
    if (!reason) throw new Error(`nothing was refused under ${alias}`);
    return reason;
  };
  return {
    document,
    key,
    denials,
    refusal,
    rootError: () => {
      const operation = document.definitions.find(
        (definition) => definition.kind === Kind.OPERATION_DEFINITION && definition.operation === OperationTypeNode.SUBSCRIPTION,
      );
      const first = operation?.kind === Kind.OPERATION_DEFINITION ? operation.selectionSet.selections[0] : undefined;
      const alias = first?.kind === Kind.FIELD ? (first.alias?.value ?? '') : '';
      const denial = denials.get(alias);
      if (!denial) return undefined;
      const { message, extensions } = refusal(alias);
      return new GraphQLError(message, { path: [denial.responseKey], extensions });
    },
  };
}

function refusals(rules: readonly AccessRule[], identity: Identity): Map<AccessRule, DomainError> {
  const refused = new Map<AccessRule, DomainError>();
  for (const rule of rules) {
    try {
      checkRule(rule, identity);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      refused.set(rule, error);
    }
  }
  return refused;
}

/** The rules of a field as one object type has it: its own and its type's. */
function rulesOf(facts: SupergraphFacts, typeName: string, fieldName: string): AccessRule[] {
  const type = facts.types.get(typeName);
  return [type?.fields.get(fieldName)?.rule, type?.rule].filter((rule) => rule !== undefined);
}

/** An interface's fields are judged by the objects behind it, since one of them may be open where another is not. */
const objectsOf = (schema: GraphQLSchema, parent: GraphQLCompositeType): readonly string[] =>
  isAbstractType(parent) ? schema.getPossibleTypes(parent).map(({ name }) => name) : [parent.name];

function rulesIn(schema: GraphQLSchema, facts: SupergraphFacts, document: DocumentNode): AccessRule[] {
  const rules = new Set<AccessRule>();
  const types = new TypeInfo(schema);
  visit(
    document,
    visitWithTypeInfo(types, {
      Field: (node) => {
        const parent = types.getParentType();
        if (!parent || node.name.value.startsWith('__')) return;
        for (const name of objectsOf(schema, parent)) for (const rule of rulesOf(facts, name, node.name.value)) rules.add(rule);
      },
    }),
  );
  return [...rules];
}

function rewrite(
  schema: GraphQLSchema,
  facts: SupergraphFacts,
  document: DocumentNode,
  reasons: ReadonlyMap<AccessRule, DomainError>,
): Rewritten {
  const denials = new Map<string, Denial>();
  const types = new TypeInfo(schema);
  const deny = (node: FieldNode, rule: AccessRule): FieldNode => {
    const alias = `_denied${denials.size}`;
    denials.set(alias, { responseKey: node.alias?.value ?? node.name.value, nonNull: isNonNullType(types.getType()), rule });
    const name = (value: string) => ({ kind: Kind.NAME, value }) as const;
    return { kind: Kind.FIELD, alias: name(alias), name: name('__typename'), ...(node.directives ? { directives: node.directives } : {}) };
  };
  const rewritten = visit(
    document,
    visitWithTypeInfo(types, {
      Field: (node): SelectionNode | undefined => {
        const parent = types.getParentType();
        if (!parent || node.name.value.startsWith('__')) return undefined;
        const verdicts = objectsOf(schema, parent).map((name) => ({
          name,
          rule: rulesOf(facts, name, node.name.value).find((rule) => reasons.has(rule)),
        }));
        const [first] = verdicts;
        if (!first || verdicts.every(({ rule }) => !rule)) return undefined;
        if (verdicts.every(({ rule }) => rule === first.rule) && first.rule) return deny(node, first.rule);
        return splitByType(verdicts.map(({ name, rule }) => [name, rule ? deny(node, rule) : node]));
      },
    }),
  );
  return { document: rewritten, denials };
}

function splitByType(parts: readonly (readonly [string, FieldNode])[]): SelectionNode {
  const on = (typeName: string, selections: readonly SelectionNode[]): SelectionNode => ({
    kind: Kind.INLINE_FRAGMENT,
    typeCondition: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: typeName } },
    selectionSet: { kind: Kind.SELECTION_SET, selections },
  });
  return {
    kind: Kind.INLINE_FRAGMENT,
    selectionSet: { kind: Kind.SELECTION_SET, selections: parts.map(([name, field]) => on(name, [field])) },
  };
}
