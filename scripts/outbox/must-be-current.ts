// Refuses a database whose tables are not those of this release. It migrates none: old applications may be running on it.
import type { DatabasePlace } from '../../apps/outbox/database-place.ts';
import { standingOfDatabase } from '../../apps/outbox/migrate.ts';
import { OutboxError } from '../../apps/outbox/outbox-error.ts';

/** Throws ERR_OUTBOX_DATABASE_HISTORY when migrations are missing, and what `standingOfDatabase` throws. */
export async function mustBeCurrent(
  { url, shown }: Pick<DatabasePlace, 'url' | 'shown'>,
  { table, access }: { readonly table: string; readonly access: 'read' | 'write' },
): Promise<void> {
  const standing = await standingOfDatabase(url, { outboxTable: table, onlyReads: access === 'read' });
  if (standing.kind === 'adopted' || standing.pending.length === 0) return;
  throw new OutboxError(
    'ERR_OUTBOX_DATABASE_HISTORY',
    `${shown} lacks ${standing.pending.join(', ')}: start the applications of this release, or run npm run db:migrate. Nothing was changed`,
  );
}
