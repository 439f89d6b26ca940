import { format } from 'node:util';

// A warning in the output of green tests hides the next one, which may be a fault.
const written: string[] = [];
for (const method of ['warn', 'error'] as const)
  console[method] = (...words: unknown[]) => void written.push(`console.${method}: ${format(...words)}`);

afterEach(() => {
  const warnings = written.splice(0);
  if (warnings.length > 0) throw new Error(`${warnings.join('\n')}\nmend: end it at its cause, or expect it in the test`);
});
