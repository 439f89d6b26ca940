import type { Hints } from './generate-values.ts';
import type { WorldDefinition } from './world-definition.ts';
import { broken } from './worlds/broken.ts';
import { context } from './worlds/context.ts';
import { inputs, inputsHints } from './worlds/inputs.ts';
import { ledger, ledgerHints } from './worlds/ledger.ts';
import { media, mediaHints } from './worlds/media.ts';
import { org, orgHints } from './worlds/org.ts';
import { overrides, overridesHints } from './worlds/overrides.ts';
import { shop, shopHints } from './worlds/shop.ts';

/** All worlds, with values that find something in their data. */
export const worlds: readonly (readonly [WorldDefinition, Hints])[] = [
  [shop, shopHints],
  [media, mediaHints],
  [org, orgHints],
  [inputs, inputsHints],
  [context, {}],
  [ledger, ledgerHints],
  [overrides, overridesHints],
  [broken, {}],
];
