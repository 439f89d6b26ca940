import { availableParallelism } from 'node:os';

/** Node's own threads, which do hashing and reading of files and looking up of names alike. */
const threads = Number(process.env['UV_THREADPOOL_SIZE']) || 4;

/**
 * How much heavy work a process may give to those threads at once: as much as there are processors, since more takes
 * each other's cache, and so much that one thread is left for what is light.
 */
export const heavyLanes = Math.max(1, Math.min(availableParallelism(), threads - 1));
