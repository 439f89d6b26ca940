import { type ConstDirectiveNode, type DocumentNode, Kind, visit } from 'graphql';
import { argumentOf, textArgument } from './directives.ts';

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

function isUnresolvable(directive: ConstDirectiveNode): boolean {
  const value = argumentOf(directive, 'resolvable');
  return value?.kind === Kind.BOOLEAN && !value.value;
}

const isDeadEnd = (one: ConstDirectiveNode, all: readonly ConstDirectiveNode[]): boolean =>
  isJoin(one) &&
  isUnresolvable(one) &&
  all.some((other) => isJoin(other) && !isUnresolvable(other) && textArgument(other, 'graph') === textArgument(one, 'graph'));
