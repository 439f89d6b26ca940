import { idInput, moneyInput, nameText, optional, text } from '@supergraph/platform/input';
import { z } from 'zod';
import { toBarcode } from './barcodes.ts';
import { fold, safeHtml, toSlug } from './text.ts';

const list = <T>(schema: z.ZodType<T>, bounds: { min?: number; max: number }) =>
  z
    .array(schema)
    .min(bounds.min ?? 0, `must have at least ${bounds.min} entries`)
    .max(bounds.max, `must have at most ${bounds.max} entries`);
const distinct = <T>(schema: z.ZodType<readonly T[]>, keyOf: (entry: T) => string, message: string) =>
  schema.superRefine((entries, check) => {
    entries.forEach((entry, index) => {
      const first = entries.findIndex((other) => keyOf(other) === keyOf(entry));
      if (first !== index) check.addIssue({ code: 'custom', path: [index], message });
    });
  });

const code = z.string().regex(/^[a-z][a-z0-9_]{0,59}$/, 'must be lower-case letters, digits and _, at most 60');
const slug = z
  .string()
  .max(80, 'must have at most 80 characters')
  .transform(toSlug)
  .refine((value) => value !== '', 'must have letters or digits');
const position = z.int().min(0, 'must not be negative').max(100_000, 'must be at most 100000');
const version = z.int();

export const Attribute = z.strictObject({
  code: z.string().max(60, 'must have at most 60 characters'),
  text: optional(text({ max: 1_000 })),
  number: optional(z.string().regex(/^-?\d{1,30}(\.\d{1,30})?$/, 'must be a decimal number')),
  boolean: optional(z.boolean()),
  date: optional(z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'must be a day')),
  choices: optional(list(z.string().max(200, 'must have at most 200 characters'), { max: 200 })),
});
export type AttributeInput = z.infer<typeof Attribute>;
const attributes = distinct(list(Attribute, { max: 50 }), (attribute) => attribute.code, 'is there twice');

export const OptionValue = z.strictObject({ option: z.string(), value: z.string() });
export type OptionValueInput = z.infer<typeof OptionValue>;
const optionName = nameText({ max: 60 });
const option = z.strictObject({
  name: optionName,
  values: distinct(list(optionName, { min: 1, max: 100 }), fold, 'is there twice'),
});

const amount = moneyInput.refine(({ minor }) => minor >= 0, 'must not be negative');
const price = z
  .strictObject({ regular: amount, sale: optional(amount), saleStartsAt: optional(z.date()), saleEndsAt: optional(z.date()) })
  .superRefine(({ regular, sale, saleStartsAt, saleEndsAt }, check) => {
    const issue = (path: string, message: string) => check.addIssue({ code: 'custom', path: [path], message });
    if (!sale && saleStartsAt) issue('saleStartsAt', 'needs a sale price');
    if (!sale && saleEndsAt) issue('saleEndsAt', 'needs a sale price');
    if (sale && sale.currency !== regular.currency) issue('sale', `must be in ${regular.currency}`);
    else if (sale && sale.minor >= regular.minor) issue('sale', 'must be below the regular price');
    if (saleStartsAt && saleEndsAt && saleEndsAt <= saleStartsAt) issue('saleEndsAt', 'must be after the start');
  });
export type PriceInput = z.infer<typeof price>;
const prices = distinct(list(price, { max: 30 }), ({ regular }) => regular.currency, 'is in a currency that is there already');

const sku = nameText({ max: 60 });
const barcode = z
  .string()
  .max(40, 'must have at most 40 characters')
  .transform((value, check): string => {
    const digits = toBarcode(value);
    if (digits === null) check.addIssue({ code: 'custom', message: 'is no GTIN or ISBN: its check digit is wrong' });
    return digits ?? '';
  });
const taxClass = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'must be lower-case letters, digits and -, at most 40');
const weight = z.int().min(0, 'must not be negative').max(10_000_000, 'must be at most 10000000');

const variantFields = {
  sku,
  barcode: optional(barcode),
  optionValues: optional(list(OptionValue, { max: 4 })),
  attributes: optional(attributes),
  // Bundles are refused in words, where an enum would only say what else there is.
  kind: optional(z.string().refine((kind) => kind === 'SIMPLE', 'must be SIMPLE: bundles cannot be made yet')),
  components: optional(z.array(z.unknown()).max(0, 'must be empty: only a bundle has components')),
  taxClass: optional(taxClass),
  weightGrams: optional(weight),
  requiresShipping: optional(z.boolean()),
  trackInventory: optional(z.boolean()),
  cost: optional(amount),
  prices,
};
export const NewVariant = z.strictObject(variantFields);
export type NewVariantInput = z.infer<typeof NewVariant>;
export const CreateVariant = z.strictObject({ productId: idInput, ...variantFields });
export const UpdateVariant = z.strictObject({
  id: idInput,
  version,
  sku: optional(sku),
  barcode: barcode.nullish(),
  optionValues: optional(list(OptionValue, { max: 4 })),
  attributes: optional(attributes),
  taxClass: optional(taxClass),
  weightGrams: weight.nullish(),
  requiresShipping: optional(z.boolean()),
  trackInventory: optional(z.boolean()),
  cost: amount.nullish(),
});
export const SetPrices = z.strictObject({ variantId: idInput, version, prices });

const content = {
  subtitle: text({ max: 200 }).nullish(),
  description: text({ max: 20_000 }).transform(safeHtml).nullish(),
  categoryIds: optional(distinct(list(idInput, { max: 10 }), (id) => id, 'is there twice')),
  tags: optional(distinct(list(nameText({ max: 60 }), { max: 50 }), fold, 'is there twice')),
  attributes: optional(attributes),
};
const title = nameText({ max: 200 });
export const CreateProduct = z.strictObject({
  typeId: idInput,
  title,
  slug: optional(slug),
  ...content,
  options: optional(distinct(list(option, { max: 4 }), ({ name }) => fold(name), 'is there twice')),
  variants: list(NewVariant, { min: 1, max: 250 }),
  idempotencyKey: optional(z.string().min(1, 'must not be empty').max(200, 'must have at most 200 characters')),
});
export type CreateProductInput = z.infer<typeof CreateProduct>;
export const UpdateProduct = z.strictObject({ id: idInput, version, title: optional(title), slug: optional(slug), ...content });
export const PublishProduct = z.strictObject({ id: idInput, at: optional(z.date()), until: optional(z.date()) });
/** Names a thing, and the version that was read where the client knows it. */
export const OneOfMany = z.strictObject({ id: idInput, version: optional(version) });

const definition = z
  .strictObject({
    code,
    name: nameText({ max: 200 }),
    kind: z.enum(['TEXT', 'NUMBER', 'BOOLEAN', 'DATE', 'CHOICE', 'CHOICES', 'ISBN']),
    unit: optional(nameText({ max: 20 })),
    choices: optional(distinct(list(nameText({ max: 200 }), { max: 200 }), (choice) => choice, 'is there twice')),
    required: optional(z.boolean()),
    filterable: optional(z.boolean()),
    perVariant: optional(z.boolean()),
  })
  .superRefine(({ kind, choices, unit }, check) => {
    const chooses = kind === 'CHOICE' || kind === 'CHOICES';
    if (chooses && !choices?.length) check.addIssue({ code: 'custom', path: ['choices'], message: 'must not be empty' });
    if (!chooses && choices?.length) check.addIssue({ code: 'custom', path: ['choices'], message: 'are for CHOICE and CHOICES' });
    if (unit && kind !== 'NUMBER') check.addIssue({ code: 'custom', path: ['unit'], message: 'is for NUMBER' });
  });
export type DefinitionInput = z.infer<typeof definition>;
const definitions = distinct(list(definition, { max: 50 }), (entry) => entry.code, 'has a code that is there already');
export const CreateType = z.strictObject({ code, name: nameText({ max: 200 }), attributes: optional(definitions) });
export const UpdateType = z.strictObject({ id: idInput, name: optional(nameText({ max: 200 })), attributes: optional(definitions) });

export const CreateCategory = z.strictObject({
  name: nameText({ max: 200 }),
  slug: optional(slug),
  parentId: optional(idInput),
  position: optional(position),
});
export const UpdateCategory = z.strictObject({
  id: idInput,
  name: optional(nameText({ max: 200 })),
  slug: optional(slug),
  position: optional(position),
});
export const MoveCategory = z.strictObject({ id: idInput, parentId: optional(idInput), position: optional(position) });
