import { SettingsError } from './config.ts';
import { EmbeddedDatabaseFailed } from './embedded-database.ts';
import { MigrationFailed } from './migrate.ts';

/** Errors that a person mends by their message alone; the others show where they come from. */
const isPlain = (error: Error) =>
  error instanceof SettingsError ||
  error instanceof MigrationFailed ||
  error instanceof EmbeddedDatabaseFailed ||
  ['EADDRINUSE', 'EACCES'].includes((error.cause as NodeJS.ErrnoException | undefined)?.code ?? '');

/** What a program says when it cannot start. */
export const describeStartFailure = (error: unknown): string =>
  error instanceof Error ? (isPlain(error) ? error.message : (error.stack ?? error.message)) : String(error);
