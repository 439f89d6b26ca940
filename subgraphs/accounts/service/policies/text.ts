import { readFileSync } from 'node:fs';
import type { Issue } from '@supergraph/platform/errors';

const schemaFile = new URL('../../../../schema/policies.cedarschema', import.meta.url);
let schemaText: string | undefined;

/** What policies may be about: the published schema. */
export const policySchema = (): string => (schemaText ??= readFileSync(schemaFile, 'utf8'));

/** The library, which no start needs to wait for. */
export const cedar = () => import('@cedar-policy/cedar-wasm/nodejs');

const path = 'text';

/** Everything that is wrong with a policy's text: it must be one `forbid` that holds against the published schema. */
export async function issuesOfText(text: string): Promise<Issue[]> {
  const { policySetTextToParts, policyToJson, validate } = await cedar();
  const parts = policySetTextToParts(text);
  if (parts.type === 'failure')
    return parts.errors.map(({ message, sourceLocations }) => ({
      path,
      message: `is no Cedar: ${message}${lineOf(text, sourceLocations)}`,
    }));
  if (parts.policy_templates.length > 0) return [{ path, message: 'must not have slots such as ?principal' }];
  const [policy] = parts.policies;
  if (!policy || parts.policies.length > 1) return [{ path, message: `must be exactly one policy, not ${parts.policies.length}` }];
  const json = policyToJson(policy);
  if (json.type === 'failure') return json.errors.map(({ message }) => ({ path, message }));
  if (json.json.effect !== 'forbid') return [{ path, message: 'must be a forbid: what is permitted stands in the schema' }];
  const validated = validate({
    schema: policySchema(),
    policies: { staticPolicies: { policy: text } },
    validationSettings: { mode: 'strict' },
  });
  if (validated.type === 'failure') return validated.errors.map(({ message }) => ({ path, message }));
  const found = [...validated.validationErrors, ...validated.validationWarnings];
  return found.map(({ error }) => ({
    path,
    message: `${error.message}${error.help ? `; ${error.help}` : ''}${lineOf(text, error.sourceLocations)}`,
  }));
}

const lineOf = (text: string, locations: readonly { readonly start: number }[] | undefined): string => {
  const start = locations?.[0]?.start;
  return start === undefined ? '' : ` (line ${text.slice(0, start).split('\n').length})`;
};
