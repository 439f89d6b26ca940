import { advanceProduct, sweepDueProducts } from './service/changes.ts';

export const workers = [advanceProduct, sweepDueProducts];
