import type { Fetcher } from '@graphiql/toolkit';
import { type DocumentNode, Kind, parse } from 'graphql';

/**
 * A fetcher that reads the document itself. GraphiQL learns what a document holds a moment after it came into the
 * editor, so what is run right after a change of tab would go out under the name and over the transport of the tab before.
 */
export function asTyped(fetcher: Fetcher): Fetcher {
  return (parameters, options) => {
    const document = read(parameters.query);
    // The server says best what is wrong with a document that cannot be read.
    if (!document) return fetcher(parameters, options);
    const names = document.definitions.flatMap((one) => (one.kind === Kind.OPERATION_DEFINITION ? [one.name?.value] : []));
    const wanted = parameters.operationName ?? undefined;
    const operationName = names.includes(wanted) || names.length > 1 ? wanted : names[0];
    return fetcher({ ...parameters, operationName }, { ...options, documentAST: document });
  };
}

function read(query: string): DocumentNode | undefined {
  try {
    return parse(query);
  } catch {
    return undefined;
  }
}
