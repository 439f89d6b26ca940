import type { StoredAttribute, StoredOption, StoredOptionValue } from '@supergraph/db/catalog/tables';
import { hashOf } from '@supergraph/platform/idempotency';
import type { Issue } from '@supergraph/platform/errors';
import type { Definition, ProductType } from '../store/taxonomy.ts';
import { toIsbn13 } from './barcodes.ts';
import type { AttributeInput, OptionValueInput } from './inputs.ts';
import { fold } from './text.ts';

/** A value that was read, with all that was wrong with it. */
export interface Checked<Value> {
  readonly value: Value;
  readonly issues: readonly Issue[];
}

const fields = ['text', 'number', 'boolean', 'date', 'choices'] as const;
type Field = (typeof fields)[number];
const fieldOf: Record<Definition['kind'], Field> = {
  TEXT: 'text',
  ISBN: 'text',
  NUMBER: 'number',
  BOOLEAN: 'boolean',
  DATE: 'date',
  CHOICE: 'choices',
  CHOICES: 'choices',
};

/** Holds attributes against their type: those of a product, or those of a variant. */
export function checkAttributes(
  type: ProductType,
  inputs: readonly AttributeInput[],
  perVariant: boolean,
  path: string,
): Checked<StoredAttribute[]> {
  const issues: Issue[] = [];
  const value = inputs.flatMap((input, index) => {
    const definition = type.attributes.find(({ code }) => code === input.code);
    const problem = !definition
      ? { path: 'code', message: `is no attribute of the type ${type.code}` }
      : definition.perVariant !== perVariant
        ? { path: 'code', message: perVariant ? 'belongs to the product' : 'belongs to the variants' }
        : problemOf(definition, input);
    if (problem) issues.push({ path: `${path}.${index}.${problem.path}`, message: problem.message });
    return definition && !problem ? [toStored(definition, input)] : [];
  });
  const places = new Map(type.attributes.map(({ id, position }) => [id, position]));
  return { value: value.toSorted((a, b) => (places.get(a.definitionId) ?? 0) - (places.get(b.definitionId) ?? 0)), issues };
}

function problemOf(definition: Definition, input: AttributeInput): Issue | undefined {
  const field = fieldOf[definition.kind];
  const other = fields.find((name) => name !== field && input[name] !== undefined);
  if (other) return { path: other, message: `does not fit: this is a ${definition.kind}, give ${field}` };
  if (input[field] === undefined || input[field] === '') return { path: field, message: 'is missing' };
  if (definition.kind === 'ISBN' && toIsbn13(input.text ?? '') === null)
    return { path: 'text', message: 'is no ISBN: its check digit is wrong' };
  if (field !== 'choices') return undefined;
  const choices = input.choices ?? [];
  const strange = choices.find((choice) => !definition.choices.includes(choice));
  if (strange !== undefined) return { path: 'choices', message: `has ${strange}, which is none of ${definition.choices.join(', ')}` };
  if (definition.kind === 'CHOICE' && choices.length !== 1) return { path: 'choices', message: 'must be exactly one' };
  return choices.length === 0 ? { path: 'choices', message: 'must not be empty' } : undefined;
}

function toStored({ id: definitionId, code, kind }: Definition, { text, number, boolean, date, choices }: AttributeInput): StoredAttribute {
  const common = { definitionId, code };
  if (kind === 'ISBN') return { ...common, text: toIsbn13(text ?? '') ?? '' };
  return {
    ...common,
    ...(text !== undefined && { text }),
    ...(number !== undefined && { number }),
    ...(boolean !== undefined && { boolean }),
    ...(date !== undefined && { date }),
    ...(choices !== undefined && { choices: [...new Set(choices)] }),
  };
}

/** Holds a variant's combination against its product's options: one value for each. */
export function checkOptionValues(
  options: readonly StoredOption[],
  inputs: readonly OptionValueInput[],
  path: string,
): Checked<StoredOptionValue[]> {
  const issues: Issue[] = [];
  inputs.forEach(({ option, value }, index) => {
    const known = options.find(({ name }) => fold(name) === fold(option));
    if (!known) issues.push({ path: `${path}.${index}.option`, message: `is no option of the product` });
    else if (!known.values.some((candidate) => fold(candidate) === fold(value)))
      issues.push({ path: `${path}.${index}.value`, message: `is none of ${known.values.join(', ')}` });
  });
  const value = options.flatMap(({ name, values }) => {
    const given = inputs.filter(({ option }) => fold(option) === fold(name));
    if (given.length !== 1) issues.push({ path, message: `must have one value for ${name}` });
    const found = values.find((candidate) => fold(candidate) === fold(given[0]?.value ?? ''));
    return found === undefined ? [] : [{ option: name, value: found }];
  });
  return { value, issues };
}

/** Equal for equal combinations. */
export const hashOfOptions = (values: readonly StoredOptionValue[]): string =>
  hashOf(values.map(({ option, value }) => [fold(option), fold(value)]));

/** What a variant is called. */
export const titleOf = (productTitle: string, values: readonly StoredOptionValue[]): string =>
  values.length === 0 ? productTitle : values.map(({ value }) => value).join(' / ');
