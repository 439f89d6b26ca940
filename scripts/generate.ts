import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codegen } from '@graphql-codegen/core';
import * as typescript from '@graphql-codegen/typescript';
import * as typescriptResolvers from '@graphql-codegen/typescript-resolvers';
import { type FieldNode, Kind, type ObjectTypeDefinitionNode, type SelectionSetNode, type TypeNode, parse } from 'graphql';
import { listDomains, readSdl, repository } from './domains.ts';

type ScalarType = { input: string; output: string };
const string: ScalarType = { input: 'string', output: 'string' };

/** How scalars look to resolvers; `platform` parses and serializes them accordingly. */
const scalars: Record<string, ScalarType> = {
  ID: string,
  DateTime: { input: 'Date', output: 'Date' },
  Date: string,
  LocalTime: string,
  Decimal: string,
  CurrencyCode: string,
  EmailAddress: string,
  URL: string,
  CountryCode: string,
  BigInt: { input: 'bigint | number', output: 'bigint | number' },
  JSON: { input: 'unknown', output: 'unknown' },
  ...Object.fromEntries(
    ['_Any', '_FieldSet', 'FieldSet', 'federation__FieldSet', 'federation__Scope', 'federation__Policy', 'link__Import'].map((name) => [
      name,
      string,
    ]),
  ),
};

const banner = '// Written from schema.graphql by `npm run generate`; changes here are lost.\n';

/** The TypeScript that belongs to a domain's SDL; `mappersSource` is the text of its mappers.ts. */
export async function generateTypes(sdl: string, mappersSource: string): Promise<string> {
  const objects = parse(sdl).definitions.filter((node) => node.kind === Kind.OBJECT_TYPE_DEFINITION);
  const mappers = mapTypes(objects, listMappers(mappersSource));
  const body = await codegen({
    filename: 'schema.types.ts',
    documents: [],
    // Parsed anew, because codegen changes the document that it is given.
    schema: parse(sdl),
    pluginMap: { typescript, typescriptResolvers },
    plugins: [{ typescript: {} }, { typescriptResolvers: {} }],
    config: {
      federation: true,
      useTypeImports: true,
      enumsAsTypes: true,
      immutableTypes: true,
      strictScalars: true,
      // graphql treats undefined as null, and optional properties of a mapper may be undefined.
      maybeValue: 'T | null | undefined',
      contextType: './context.ts#Context',
      scalars,
      mappers,
    },
  });
  return `${banner}${importsFor(Object.values(mappers))}${body.trimEnd()}

/** What the domain's resolvers must hold: the compiler names what is missing. */
export type CompleteResolvers = Complete<Resolvers, ResolversParentTypes>;
`;
}

function importsFor(mappers: readonly string[]): string {
  const uses = (room: string) => mappers.some((mapper) => mapper.includes(`${room}.`));
  const lines = [
    `import type { Complete } from '@supergraph/platform/typed-resolvers';`,
    ...(uses('page') ? [`import type * as page from '@supergraph/platform/page';`] : []),
    ...(uses('mappers') ? [`import type * as mappers from './mappers.ts';`] : []),
  ];
  return `${lines.join('\n')}\n`;
}

/** The GraphQL types for which a mappers.ts exports `<Type>Mapper`. */
export function listMappers(source: string): string[] {
  const declared = [...source.matchAll(/^export\s+(?:type|interface)\s+(\w+)Mapper\b/gm)].map((match) => match[1]!);
  const passedOn = [...source.matchAll(/^export\s+(?:type\s+)?\{([^}]*)\}/gm)]
    .flatMap((match) => match[1]!.split(','))
    .map((name) => /(\w+)Mapper\s*$/.exec(name)?.[1])
    .filter((name) => name !== undefined);
  return [...declared, ...passedOn];
}

/** A domain's own mappers first, then connections and edges by rule, then entities as what a reference to them carries. */
function mapTypes(objects: readonly ObjectTypeDefinitionNode[], own: readonly string[]): Record<string, string> {
  const byRule = objects.flatMap((object) => {
    const name = object.name.value;
    const mapper = mapConnection(object, objects) ?? mapReference(object);
    return mapper ? [[name, mapper] as const] : [];
  });
  return { ...Object.fromEntries(byRule), ...Object.fromEntries(own.map((name) => [name, `mappers.${name}Mapper`])) };
}

function mapConnection(object: ObjectTypeDefinitionNode, objects: readonly ObjectTypeDefinitionNode[]): string | undefined {
  const name = object.name.value;
  if (name.endsWith('Edge')) {
    const node = typeOfField(object, 'node');
    return node && `page.Edge<ResolversParentTypes['${node}']>`;
  }
  if (!name.endsWith('Connection')) return undefined;
  const edge = objects.find((candidate) => candidate.name.value === typeOfField(object, 'edges'));
  const node = edge && typeOfField(edge, 'node');
  return node && `page.Connection<ResolversParentTypes['${node}']>`;
}

function mapReference(object: ObjectTypeDefinitionNode): string | undefined {
  const name = object.name.value;
  const keys = (object.directives ?? []).filter((directive) => directive.name.value === 'key').map(keyFields);
  if (keys.length === 0) return undefined;
  const external = (object.fields ?? [])
    .filter((field) => field.directives?.some((directive) => directive.name.value === 'external'))
    .map((field) => field.name.value);
  const reference = [...new Set(keys.map((key) => pick(name, key)))].join(' | ');
  // What `@requires` asks for is there only when the gateway asks for the field that requires it.
  return external.length ? `(${reference}) & Partial<${pick(name, external)}>` : reference;
}

const pick = (type: string, fields: readonly string[]): string => `Pick<${type}, ${fields.map((field) => `'${field}'`).join(' | ')}>`;

function keyFields(key: NonNullable<ObjectTypeDefinitionNode['directives']>[number]): string[] {
  const value = key.arguments?.find((argument) => argument.name.value === 'fields')?.value;
  if (value?.kind !== Kind.STRING) return [];
  const [operation] = parse(`{ ${value.value} }`).definitions;
  const { selections } = (operation as unknown as { selectionSet: SelectionSetNode }).selectionSet;
  return selections.filter((selection): selection is FieldNode => selection.kind === Kind.FIELD).map((field) => field.name.value);
}

function typeOfField(object: ObjectTypeDefinitionNode, name: string): string | undefined {
  const field = object.fields?.find((candidate) => candidate.name.value === name);
  return field && namedType(field.type);
}

const namedType = (type: TypeNode): string => (type.kind === Kind.NAMED_TYPE ? type.name.value : namedType(type.type));

/** Writes subgraphs/<domain>/schema.types.ts if it differs, and says whether it did. `check` only compares. */
export async function generateDomain(domain: string, { check = false, root = repository } = {}): Promise<boolean> {
  const folder = join(root, 'subgraphs', domain);
  const mappersFile = join(folder, 'mappers.ts');
  const mappersSource = existsSync(mappersFile) ? readFileSync(mappersFile, 'utf8') : '';
  const sdl = readSdl(domain, root);
  refuseStrangeMappers(domain, sdl, listMappers(mappersSource));
  const types = await generateTypes(sdl, mappersSource);
  const file = join(folder, 'schema.types.ts');
  if (existsSync(file) && readFileSync(file, 'utf8') === types) return false;
  if (!check) writeFileSync(file, types);
  return true;
}

function refuseStrangeMappers(domain: string, sdl: string, mappers: readonly string[]): void {
  const known = new Set(parse(sdl).definitions.map((node) => ('name' in node ? node.name?.value : undefined)));
  const strange = mappers.filter((name) => !known.has(name));
  if (strange.length === 0) return;
  throw new Error(
    `subgraphs/${domain}/mappers.ts maps ${strange.join(', ')}, which subgraphs/${domain}/schema.graphql does not define\n` +
      'mend: name each mapper <Type>Mapper after its GraphQL type, and helper types otherwise',
  );
}

async function main(wanted: readonly string[]): Promise<void> {
  const known = listDomains();
  const unknown = wanted.filter((name) => !known.includes(name));
  if (unknown.length) throw new Error(`no such domain: ${unknown.join(', ')}\nmend: choose from ${known.join(', ')}`);
  for (const domain of wanted.length ? wanted : known) {
    if (await generateDomain(domain)) console.log(`wrote subgraphs/${domain}/schema.types.ts`);
  }
}

if (import.meta.main) {
  await main(process.argv.slice(2)).catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
