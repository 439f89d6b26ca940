const anySpelling = /^\{?(?:[0-9a-f]{4}-?){7}[0-9a-f]{4}\}?$/i;

/**
 * The one spelling of an id. PostgreSQL takes a UUID in many, by case, hyphens and braces; whoever compares ids as text
 * would take those for different things. What is no UUID stays as it is.
 */
export function canonicalId(id: string): string {
  if (!anySpelling.test(id)) return id;
  const digits = id.replaceAll(/[{}-]/g, '').toLowerCase();
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join('-');
}
