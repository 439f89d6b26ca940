import { registerHooks } from 'node:module';

/**
 * Preloaded into every process that runs code of ours: what it imports by a package's name comes from the repository,
 * whether or not the peers are installed in bench/. Only the peers' own entries (gateways/) take theirs from bench/.
 */
const bench = new URL('./', import.meta.url).href;
const repository = new URL('../package.json', import.meta.url).href;

const isOurs = (file: string): boolean =>
  file.startsWith(bench) && !file.startsWith(`${bench}gateways/`) && !file.startsWith(`${bench}node_modules/`);

registerHooks({
  resolve: (specifier, context, next) => {
    const byName = !/^(\.|\/|[a-z]+:)/.test(specifier);
    return next(specifier, byName && isOurs(context.parentURL ?? '') ? { ...context, parentURL: repository } : context);
  },
});
