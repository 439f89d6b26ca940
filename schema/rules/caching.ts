import { print } from 'graphql';
import type { Fault } from './audits.ts';
import { directive, type Domain, fieldsOf, has } from './graph.ts';

const rules = ['authenticated', 'requiresScopes', 'policy'];

/** Whom answers are shared with must be seen where the field stands. */
export function auditCaching(domain: Domain): Fault[] {
  const entities = domain.outputs.filter((type) => has(type, 'key') && has(type, 'cacheControl'));
  const shared = fieldsOf(domain).filter(({ field, type }) => {
    const hint = directive(field, 'cacheControl');
    return hint && !print(hint).includes('PRIVATE') && (has(field, ...rules) || has(type, ...rules));
  });
  return [
    ...entities.map((type) => ({ at: type.name.value, nodes: [type], what: 'an entity says it for fields of other domains, too' })),
    ...shared.map(({ at, nodes }) => ({ at, nodes, what: 'has an access rule and is not PRIVATE' })),
  ];
}
