import type { RequestContext } from '@supergraph/platform/context';
import type { Loaders } from './loaders.ts';

export type Context = RequestContext<Loaders>;
