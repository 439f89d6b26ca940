import type { WorkerDefinition } from '@supergraph/platform/workers';
import { wakeWorker } from './service/places.ts';
import { laterWorker } from './service/take.ts';

export const workers = [wakeWorker, laterWorker] as readonly WorkerDefinition<never>[];
