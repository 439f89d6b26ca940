/** A name that nothing else has. */
export const freeName = (name: string, taken: ReadonlySet<string>): string => (taken.has(name) ? freeName(`${name}_`, taken) : name);
