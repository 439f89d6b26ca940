import { quotas } from './quotas.ts';
import { advanceProduct, sweepDueProducts } from './service/changes.ts';

export const workers = [advanceProduct, sweepDueProducts, quotas.worker];
