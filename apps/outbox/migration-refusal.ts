// What is said when a database cannot be migrated: one sentence for each standing, with what to do.
import type { Migration } from './migration-files.ts';
import type { Standing } from './migration-history.ts';
import { OutboxError } from './outbox-error.ts';

/**
 * The pending migrations of a database that is ours.
 * Throws ERR_OUTBOX_DATABASE_FOREIGN or ERR_OUTBOX_DATABASE_HISTORY for every other standing.
 */
export function pendingOrThrow(file: string, standing: Standing): readonly Migration[] {
  switch (standing.kind) {
    case 'ours':
      return standing.pending;
    case 'foreign':
      throw foreign(file, ['another application has created tables in it meanwhile: start again']);
    case 'newer':
      throw history(
        file,
        `was migrated by a newer release (${standing.names.join(', ')}): install that release`,
      );
    case 'altered':
      throw history(
        file,
        `was migrated with another version of ${standing.name}: restore that migration file, or the database from a backup`,
      );
    case 'unfinished':
      throw history(
        file,
        `holds a migration that broke off (${standing.name}): restore a backup, or settle it with "npx prisma migrate resolve"`,
      );
    default:
      return standing satisfies never;
  }
}

/** Another application's database, and why it cannot hold our events as it is. */
export function foreign(file: string, problems: readonly string[]): OutboxError {
  return new OutboxError(
    'ERR_OUTBOX_DATABASE_FOREIGN',
    `${file} belongs to another application and has no outbox that fits; nothing was changed. ${problems.join('. ')}`,
  );
}

function history(file: string, what: string): OutboxError {
  return new OutboxError('ERR_OUTBOX_DATABASE_HISTORY', `${file} ${what}. Nothing was changed`);
}
