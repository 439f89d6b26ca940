import { unauthenticated } from '@supergraph/platform/errors';
import { GraphQLError, Kind, OperationTypeNode, type SelectionSetNode } from 'graphql';
import type { Identified } from './identify.ts';
import type { Checked } from './operations.ts';

/** What an organization that asks for two factors lets a viewer with one see of itself: enough to explain why. */
const openBeforeStepUp: Readonly<Record<string, readonly string[]>> = {
  '': ['currentOrganization'],
  currentOrganization: ['id', 'name', 'settings'],
  settings: ['requireMfa'],
};

/** The error of an operation that needs a second factor first. */
export function stepUpError({ operation, document }: Checked, { stepUpRequired }: Identified): GraphQLError | undefined {
  if (!stepUpRequired) return undefined;
  const fragments = document.definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  const isOpen = ({ selections }: SelectionSetNode, under: string): boolean =>
    selections.every((selection) => {
      if (selection.kind === Kind.INLINE_FRAGMENT) return isOpen(selection.selectionSet, under);
      if (selection.kind === Kind.FRAGMENT_SPREAD)
        return fragments.some(({ name, selectionSet }) => name.value === selection.name.value && isOpen(selectionSet, under));
      const name = selection.name.value;
      if (name === '__typename') return true;
      return (openBeforeStepUp[under]?.includes(name) ?? false) && (!selection.selectionSet || isOpen(selection.selectionSet, name));
    });
  if (operation.operation === OperationTypeNode.QUERY && isOpen(operation.selectionSet, '')) return undefined;
  const { message, extensions } = unauthenticated('this organization asks for a second factor; prove one and repeat the request', {
    reason: 'STEP_UP_REQUIRED',
  });
  return new GraphQLError(message, { extensions });
}
