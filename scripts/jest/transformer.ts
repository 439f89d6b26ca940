import { createHash } from 'node:crypto';
import { stripTypeScriptTypes } from 'node:module';
import type { TransformOptions } from '@jest/transform';

/** Types become blanks, so lines and columns stay what they are in the source and no source map is needed. */
function process(source: string): { code: string } {
  return { code: stripTypeScriptTypes(source, { mode: 'strip' }) };
}

// Without `instrument` in the key a run with coverage would find the files of a run without, and count nothing.
function getCacheKey(source: string, path: string, { instrument }: TransformOptions): string {
  return createHash('sha256').update(`${globalThis.process.version}\0${instrument}\0${path}\0${source}`).digest('hex');
}

export default { process, getCacheKey };
