import { createHash } from 'node:crypto';
import { globSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addTypenameToDocument } from '@apollo/client/utilities';
import { type DocumentNode, type FragmentDefinitionNode, Kind, type OperationDefinitionNode, parse, print, visit } from 'graphql';

const usage = 'mend: npm run persist -- <manifest.json> <.graphql files or folders>, such as: npm run persist -- persisted.json src';

export interface PersistedOperation {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly body: string;
}

/** The operations of some documents, each with the fragments that it uses; throws an Error that names what cannot be persisted. */
export function operationsOf(documents: ReadonlyMap<string, string>): PersistedOperation[] {
  const fragments = new Map<string, FragmentDefinitionNode>();
  const operations: { readonly file: string; readonly operation: OperationDefinitionNode }[] = [];
  for (const [file, text] of documents) {
    for (const definition of parseFile(file, text).definitions) {
      if (definition.kind === Kind.OPERATION_DEFINITION) operations.push({ file, operation: definition });
      if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
    }
  }
  const files = new Map<string, string>();
  return operations.map(({ file, operation }) => {
    const name = operation.name?.value;
    if (!name) throw new Error(`an operation in ${file} has no name\nmend: name it, such as: query Products { … }`);
    if (files.has(name)) throw new Error(`${file} and ${files.get(name)} both name an operation ${name}\nmend: name one of them otherwise`);
    files.set(name, file);
    const body = bodyOf(operation, fragments, file);
    return { id: createHash('sha256').update(body).digest('hex'), name, type: operation.operation, body };
  });
}

function parseFile(file: string, text: string): DocumentNode {
  try {
    return parse(text);
  } catch (error) {
    throw new Error(`${file} is no GraphQL: ${(error as Error).message}`, { cause: error });
  }
}

/** As Apollo Client would send it: with type names, which its cache needs. */
function bodyOf(operation: OperationDefinitionNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>, file: string): string {
  const used = new Map<string, FragmentDefinitionNode>();
  const collect = (node: OperationDefinitionNode | FragmentDefinitionNode): void => {
    visit(node, {
      FragmentSpread: ({ name: { value } }) => {
        if (used.has(value)) return;
        const fragment = fragments.get(value);
        if (!fragment) throw new Error(`${file} uses the fragment ${value}, which stands in none of the files\nmend: name its file, too`);
        used.set(value, fragment);
        collect(fragment);
      },
    });
  };
  collect(operation);
  const sorted = [...used.values()].toSorted((one, other) => one.name.value.localeCompare(other.name.value));
  return print(addTypenameToDocument({ kind: Kind.DOCUMENT, definitions: [operation, ...sorted] }));
}

function main([target = '', ...places]: readonly string[]): number {
  if (!target.endsWith('.json') || places.length === 0) {
    console.error(`a manifest needs a name and documents\n${usage}`);
    return 1;
  }
  try {
    const files = places.flatMap((place) =>
      statSync(place).isDirectory() ? globSync(join(place, '**/*.{graphql,gql}'), { exclude: ['**/node_modules/**'] }) : [place],
    );
    const operations = operationsOf(new Map(files.toSorted().map((file) => [file, readFileSync(file, 'utf8')])));
    const manifest = { format: 'apollo-persisted-query-manifest', version: 1, operations };
    writeFileSync(target, `${JSON.stringify(manifest, null, 2)}\n`);
    console.log(`${target} holds ${operations.length} operations; the gateway reads it with PERSISTED_OPERATIONS=${target}`);
    return 0;
  } catch (error) {
    console.error((error as Error).message);
    return 1;
  }
}

if (import.meta.main) process.exitCode = main(process.argv.slice(2));
