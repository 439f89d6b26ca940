import { Decimal } from 'decimal.js';
import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';
import { GraphQLCountryCode, GraphQLDateTime, GraphQLEmailAddress, GraphQLJSON, GraphQLLocalDate, GraphQLLocalTime } from 'graphql-scalars';
import { currencyDigits } from './input.ts';

const bad = (message: string) => new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT', issues: [{ path: '', message }] } });

function scalarOfText(name: string, read: (text: string) => string): GraphQLScalarType<string, string> {
  const parse = (value: unknown) => {
    if (typeof value !== 'string') throw bad(`${name} must be a string`);
    return read(value);
  };
  return new GraphQLScalarType({
    name,
    serialize: (value) => read(String(value)),
    parseValue: parse,
    parseLiteral: (node) => parse(node.kind === Kind.STRING ? node.value : undefined),
  });
}

/** An exact decimal number that travels as a string: `"12.50"`. */
export const decimalScalar = scalarOfText('Decimal', (text) => {
  if (!/^-?\d{1,30}(\.\d{1,30})?$/.test(text)) throw bad('Decimal must be a plain decimal number such as "12.50"');
  return text.includes('.') ? text : new Decimal(text).toFixed();
});

/** A currency of ISO 4217: `EUR`. */
export const currencyScalar = scalarOfText('CurrencyCode', (text) => {
  if (currencyDigits(text) === null) throw bad('CurrencyCode must be a currency of ISO 4217, such as EUR');
  return text;
});

/** An absolute http(s) URL, as the client wrote it. */
export const urlScalar = scalarOfText('URL', (text) => {
  if (text.length > 2_000 || !URL.canParse(text) || !/^https?:/i.test(text))
    throw bad('URL must be an absolute http or https address of at most 2000 characters');
  return text;
});

const wholeNumber = /^-?(0|[1-9]\d{0,39})$/;

function readWhole(value: unknown): bigint | number {
  const whole = (typeof value === 'number' && Number.isSafeInteger(value)) || typeof value === 'bigint';
  if (!whole && (typeof value !== 'string' || !wholeNumber.test(value)))
    throw bad('BigInt must be a whole number; one beyond 9007199254740991 is sent as a string');
  return Number.isSafeInteger(Number(value)) ? Number(value) : BigInt(value);
}

/** A whole number of any size: a JSON number as long as that is exact, else a string of digits. */
export const bigIntScalar = new GraphQLScalarType<bigint | number, string | number>({
  name: 'BigInt',
  serialize: (value) => {
    const whole = readWhole(value);
    return typeof whole === 'bigint' ? String(whole) : whole;
  },
  parseValue: readWhole,
  parseLiteral: (node) => readWhole(node.kind === Kind.INT || node.kind === Kind.STRING ? node.value : undefined),
});

/** graphql-scalars calls it LocalDate, and a schema takes the name from the implementation. */
const dateScalar = new GraphQLScalarType({ ...GraphQLLocalDate.toConfig(), name: 'Date' });

/** The implementations of the scalars in `schema/shared.graphql`. */
export const scalarResolvers = {
  DateTime: GraphQLDateTime,
  Date: dateScalar,
  LocalTime: GraphQLLocalTime,
  Decimal: decimalScalar,
  CurrencyCode: currencyScalar,
  EmailAddress: GraphQLEmailAddress,
  URL: urlScalar,
  JSON: GraphQLJSON,
  BigInt: bigIntScalar,
  CountryCode: GraphQLCountryCode,
};
