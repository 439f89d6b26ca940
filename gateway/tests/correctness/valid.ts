import { execute, type GraphQLSchema, parse } from 'graphql';
import type { Answered } from './arena.ts';

/**
 * What makes an answer impossible under the schema, as graphql-js finds it when the answer itself is the data; nothing when it
 * is fine. Documents ask abstract types for their `__typename`.
 */
export async function faultsOfAnswer(schema: GraphQLSchema, document: string, { data }: Answered): Promise<readonly string[]> {
  if (!data) return [];
  const { data: again, errors = [] } = await execute({
    schema,
    document: parse(document),
    rootValue: data,
    fieldResolver: (source: Record<string, unknown>, _args, _context, { path }) =>
      Object.hasOwn(source, path.key) ? source[path.key] : null,
  });
  const messages = errors.map(({ message, path }) => `${path?.join('.')}: ${message}`);
  return JSON.stringify(again) === JSON.stringify(data) ? messages : [...messages, `graphql-js reads ${JSON.stringify(again)}`];
}
