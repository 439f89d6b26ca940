import { type ConstDirectiveNode, type DocumentNode, visit } from 'graphql';
import { flagArgument, textArgument } from './directives.ts';

/**
 * Takes keys out of a supergraph that mislead the planner. Where a type has several keys in a subgraph, the planner
 * enters it by the first one, even when that one is not resolvable; such keys are dropped, if another one remains.
 */
export function withoutDeadEnds(supergraph: DocumentNode): DocumentNode {
  const mend = <Node extends { readonly directives?: readonly ConstDirectiveNode[] | undefined }>(node: Node): Node => ({
    ...node,
    directives: node.directives?.filter((one, _index, all) => !isDeadEnd(one, all)),
  });
  return visit(supergraph, { ObjectTypeDefinition: mend, InterfaceTypeDefinition: mend });
}

const isJoin = ({ name }: ConstDirectiveNode): boolean => name.value === 'join__type';

/** Whether a key of a `@join__type` leads nowhere. */
export const isUnresolvable = (directive: ConstDirectiveNode): boolean => flagArgument(directive, 'resolvable') === false;

const isDeadEnd = (one: ConstDirectiveNode, all: readonly ConstDirectiveNode[]): boolean =>
  isJoin(one) &&
  isUnresolvable(one) &&
  all.some((other) => isJoin(other) && !isUnresolvable(other) && textArgument(other, 'graph') === textArgument(one, 'graph'));
