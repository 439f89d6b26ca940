import type { SdlFacts } from './sdl-facts.ts';

/** Which types are others' interfaces, over all subgraphs. */
export interface Kinship {
  interfacesOf(typeName: string): readonly string[];
  /** The object types behind a name; the name itself where it is no interface. */
  objectsOf(typeName: string): readonly string[];
}

/** Reads it from the SDL of all subgraphs. */
export function kinshipOf(subgraphs: readonly SdlFacts[]): Kinship {
  const types = subgraphs.flatMap((facts) => [...facts.values()]);
  const interfacesOf = (typeName: string) => [
    ...new Set(types.filter(({ name }) => name === typeName).flatMap(({ interfaces }) => interfaces)),
  ];
  const objects = [...new Set(types.filter(({ isInterface }) => !isInterface).map(({ name }) => name))];
  return {
    interfacesOf,
    objectsOf: (typeName) => {
      const behind = objects.filter((name) => name !== typeName && interfacesOf(name).includes(typeName));
      return behind.length > 0 ? behind : [typeName];
    },
  };
}

/** Whether a subgraph resolves a field itself. */
export const resolves = (types: SdlFacts, kinship: Kinship, typeName: string, fieldName: string): boolean =>
  [typeName, ...kinship.interfacesOf(typeName)].some((name) => {
    const type = types.get(name);
    const field = type?.fields.get(fieldName);
    return field !== undefined && !field.external && !type?.isInterface;
  });
