import { type ConstDirectiveNode, type DocumentNode, Kind, parse, visit } from 'graphql';

/**
 * Takes out of a supergraph what misleads the planner. Where a type has several keys in a subgraph, the planner enters
 * it by the first one, even when that one is not resolvable; such keys are dropped, if another one remains.
 */
export function mendSupergraph(supergraphSdl: string): DocumentNode {
  const mend = <Node extends { readonly directives?: readonly ConstDirectiveNode[] | undefined }>(node: Node): Node => ({
    ...node,
    directives: node.directives?.filter((one, _index, all) => !isDeadEnd(one, all)),
  });
  return visit(parse(supergraphSdl), { ObjectTypeDefinition: mend, InterfaceTypeDefinition: mend });
}

const isJoin = ({ name }: ConstDirectiveNode): boolean => name.value === 'join__type';

function argumentOf(directive: ConstDirectiveNode, name: string): string | boolean | undefined {
  const value = directive.arguments?.find((argument) => argument.name.value === name)?.value;
  return value?.kind === Kind.ENUM || value?.kind === Kind.BOOLEAN ? value.value : undefined;
}

const isUnresolvable = (directive: ConstDirectiveNode): boolean => argumentOf(directive, 'resolvable') === false;

const isDeadEnd = (one: ConstDirectiveNode, all: readonly ConstDirectiveNode[]): boolean =>
  isJoin(one) &&
  isUnresolvable(one) &&
  all.some((other) => isJoin(other) && !isUnresolvable(other) && argumentOf(other, 'graph') === argumentOf(one, 'graph'));
