import { type QueryPlanSelectionNode, trimSelectionNodes } from '@apollo/query-planner';
import type { DocumentNode } from 'graphql';
import { isUnresolvable } from './mend/dead-ends.ts';
import { flagArgument, textArgument } from './mend/directives.ts';
import { realNames } from './mend/plan.ts';
import { isFieldsNode, selectionsOf, serviceNames, type SupergraphWithStandIns } from './mend/stand-ins.ts';

type Selections = readonly QueryPlanSelectionNode[];

/** How a subgraph is asked for an entity. */
export interface Entrance {
  /** What the subgraph calls it: the name of an interface where it knows that as an object. */
  readonly typeName: string;
  /** Any one of them is enough. */
  readonly keys: readonly Selections[];
  readonly isInterfaceObject: boolean;
}

/** What subgraphs have to be told of an entity. */
export interface Requirements {
  /** What a subgraph's field requires beside a key; of values that stand in for others, the alias says where they are kept. */
  ofField(serviceName: string, typeName: string, fieldName: string): Selections;
  /** Undefined where the subgraph knows nothing of the type. */
  entranceTo(serviceName: string, typeName: string): Entrance | undefined;
}

/** Reads what the fields of a supergraph require, and by which keys subgraphs are entered. */
export function readRequirements(
  supergraph: DocumentNode,
  { standIns, requiredBy }: Pick<SupergraphWithStandIns, 'standIns' | 'requiredBy'>,
): Requirements {
  const services = serviceNames(supergraph);
  const entrances = new Map<string, Entrance>();
  const interfaces = new Map<string, readonly string[]>();
  const keyOf = (service: string | undefined, typeName: string) => JSON.stringify([service, typeName]);

  for (const { name, interfaces: above = [], directives = [] } of supergraph.definitions.filter(isFieldsNode)) {
    const typeName = name.value;
    interfaces.set(
      typeName,
      above.map((one) => one.name.value),
    );
    for (const directive of directives.filter((one) => one.name.value === 'join__type')) {
      const at = keyOf(services.get(textArgument(directive, 'graph') ?? ''), typeName);
      const key = isUnresolvable(directive) ? undefined : textArgument(directive, 'key');
      const keys = [...(entrances.get(at)?.keys ?? []), ...(key === undefined ? [] : [trimSelectionNodes(selectionsOf(key).selections)])];
      entrances.set(at, { typeName, keys, isInterfaceObject: flagArgument(directive, 'isInterfaceObject') === true });
    }
  }
  return {
    ofField: (service, typeName, fieldName) => realNames(requiredBy(service, typeName, fieldName), standIns),
    entranceTo: (service, typeName) =>
      entrances.get(keyOf(service, typeName)) ??
      interfaces
        .get(typeName)
        ?.map((one) => entrances.get(keyOf(service, one)))
        .find((one) => one?.isInterfaceObject),
  };
}
