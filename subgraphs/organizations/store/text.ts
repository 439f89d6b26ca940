/** A pattern for ILIKE that finds the text anywhere, its own wildcards escaped. */
export const contains = (text: string): string => `%${text.replace(/[\\%_]/g, String.raw`\$&`)}%`;
