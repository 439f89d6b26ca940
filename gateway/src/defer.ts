import {
  type ASTVisitor,
  BREAK,
  type DirectiveNode,
  type DocumentNode,
  GraphQLError,
  Kind,
  OperationTypeNode,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
  visit,
} from 'graphql';

const isDefer = ({ name }: DirectiveNode): boolean => name.value === 'defer';

/** Whether parts of a document's answers may come later. */
export function usesDefer(document: DocumentNode): boolean {
  let found = false;
  visit(document, {
    Directive: (node) => {
      if (!isDefer(node)) return undefined;
      found = true;
      return BREAK;
    },
  });
  return found;
}

/** Labels tell deferred parts apart, so each is written out and stands once. */
function labels(context: ValidationContext): ASTVisitor {
  const seen = new Set<string>();
  return {
    Directive: (node) => {
      const label = isDefer(node) ? node.arguments?.find(({ name }) => name.value === 'label')?.value : undefined;
      if (!label || label.kind === Kind.NULL) return;
      if (label.kind !== Kind.STRING) context.reportError(new GraphQLError('the label of @defer must be written out', { nodes: node }));
      else if (seen.has(label.value))
        context.reportError(new GraphQLError(`the label "${label.value}" of @defer stands more than once`, { nodes: node }));
      else seen.add(label.value);
    },
  };
}

/** Events are whole, and the root fields of a mutation run one after the other. */
function places(context: ValidationContext): ASTVisitor {
  return {
    OperationDefinition: ({ operation, selectionSet }) => {
      if (operation === OperationTypeNode.QUERY) return;
      const isSubscription = operation === OperationTypeNode.SUBSCRIPTION;
      for (const node of deferredIn(context, selectionSet, isSubscription, new Set()))
        context.reportError(
          new GraphQLError(`@defer must not stand ${isSubscription ? 'in a subscription' : 'on root fields of a mutation'}`, {
            nodes: node,
          }),
        );
    },
  };
}

/** The uses of `@defer` on fragments of one selection set; with `below`, of those inside its fields, too. */
function deferredIn(context: ValidationContext, { selections }: SelectionSetNode, below: boolean, seen: Set<string>): DirectiveNode[] {
  return selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD)
      return below && selection.selectionSet ? deferredIn(context, selection.selectionSet, below, seen) : [];
    const own = (selection.directives ?? []).filter((directive) => isDefer(directive) && !isSwitchedOff(directive));
    if (selection.kind === Kind.INLINE_FRAGMENT) return [...own, ...deferredIn(context, selection.selectionSet, below, seen)];
    const name = selection.name.value;
    const fragment = seen.has(name) ? undefined : context.getFragment(name);
    seen.add(name);
    return fragment ? [...own, ...deferredIn(context, fragment.selectionSet, below, seen)] : own;
  });
}

const isSwitchedOff = ({ arguments: given }: DirectiveNode): boolean =>
  given?.some(({ name, value }) => name.value === 'if' && value.kind === Kind.BOOLEAN && !value.value) ?? false;

/** What GraphQL's own rules do not say about `@defer`. */
export const deferRules: readonly ValidationRule[] = [labels, places];
