import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type EntityLink, listEntityLinks } from '../schema/rules.ts';
import type { DomainSdl } from '../schema/rules/graph.ts';
import { listDomains, readOwnSdl, repository } from './domains.ts';

/** An event that `consumer` takes from the contracts of `publisher`. */
export interface EventLink {
  readonly publisher: string;
  readonly consumer: string;
  readonly event: string;
}

/** The events that one domain's consumers.ts takes, by its imports of `schema/events`. */
export function listEventLinks(consumer: string, source: string): EventLink[] {
  const imports = source.matchAll(/^import\s+(?:type\s+)?\{([^}]*)\}\s+from\s+'@supergraph\/schema\/events\/([\w-]+)'/gm);
  return [...imports].flatMap(([, names, publisher]) =>
    namesIn(names!)
      .filter((event) => new RegExp(`\\bon\\w*(?:<[^>]*>)?\\(\\s*${event}\\b`).test(source))
      .map((event) => ({ publisher: publisher!, consumer, event })),
  );
}

const namesIn = (list: string): string[] =>
  list
    .split(',')
    .map((name) =>
      name
        .trim()
        .split(/\s+as\s+/)
        .at(-1)!,
    )
    .filter(Boolean);

/** The domains with their entity links and events as a page of Markdown with two Mermaid pictures. */
export function drawGraph(domains: readonly string[], entities: readonly EntityLink[], events: readonly EventLink[]): string {
  const nodes = domains.map((domain) => `  ${domain}`);
  return `# The graph
Written by \`npm run graph -- --out docs/graph.md\`.

## Entities
An arrow leads from a domain to the owner of the entities that it refers to or adds fields to.
\`\`\`mermaid
${['flowchart LR', ...nodes, ...arrows(entities.map(describeEntity), '-->')].join('\n')}
\`\`\`

## Events
An arrow leads from the domain that publishes to the one that consumes.
\`\`\`mermaid
${[
  'flowchart LR',
  ...nodes,
  ...arrows(
    events.map(({ publisher, consumer, event }) => [publisher, consumer, event]),
    '-.->',
  ),
].join('\n')}
\`\`\`
`;
}

type Arrow = readonly [from: string, to: string, label: string];

const describeEntity = ({ domain, owner, entity, adds }: EntityLink): Arrow => [
  domain,
  owner,
  adds.length ? `${entity}: ${adds.join(', ')}` : entity,
];

/** One arrow for each pair of domains, its labels below each other. */
function arrows(links: readonly Arrow[], arrow: string): string[] {
  const pairs = Map.groupBy(links, ([from, to]) => `${from} ${to}`);
  return [...pairs.values()]
    .map((group) => `  ${group[0]![0]} ${arrow}|"${group.map(([, , label]) => label).join('<br>')}"| ${group[0]![1]}`)
    .toSorted();
}

function drawRepository(root = repository): string {
  const domains = listDomains(root);
  const sources: DomainSdl[] = domains.map((name) => ({ name, sdl: readOwnSdl(name, root) }));
  const events = domains.flatMap((domain) => {
    const file = join(root, 'subgraphs', domain, 'consumers.ts');
    return existsSync(file) ? listEventLinks(domain, readFileSync(file, 'utf8')) : [];
  });
  return drawGraph(domains, listEntityLinks(sources), events);
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { out: { type: 'string' } } });
  const page = drawRepository();
  if (values.out) writeFileSync(join(repository, values.out), page);
  else process.stdout.write(page);
}
