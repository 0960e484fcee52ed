// Calls back events that a wall clock set back has stranded in the future, in SQLite.

import type { OutboxStore } from '../store.ts';
import type { SqliteConnection } from './connection.ts';
import { immediately } from './transaction.ts';

/** The verb on an open connection whose `events` table exists. */
export function sqliteRecall(db: SqliteConnection): Pick<OutboxStore, 'recall'> {
  const { stranded, recall } = prepareRecall(db);
  return {
    async recall(request) {
      // A look first, without the write lock.
      const seqs = stranded.all(request);
      if (seqs.length === 0) return 0;
      return immediately(db, 'recall', () => recall.run({ ...request, seqs: JSON.stringify(seqs) }).changes);
    },
  };
}

/** So many events the application may have scheduled for later are read past: some 10 ms. Behind them nothing is found. */
const mostReadPast = 10_000;

/** Exported for the test that looks at the plans. */
export function prepareRecall(db: SqliteConnection) {
  // A reason to wait, an interruption or an error shows that a relayer has had the event: what the application itself
  // scheduled for later has none of them. The upper bound keeps out texts and blobs, which sort after all numbers.
  const isFar = `status = 'pending' AND available_at > :afterMs AND available_at < 9e15`;
  const isDelayed = 'lease_id IS NULL AND (wait_reason IS NOT NULL OR claims > 0 OR last_error IS NOT NULL)';
  return {
    stranded: db
      .prepare(`
        SELECT seq FROM (SELECT * FROM events WHERE ${isFar} LIMIT ${mostReadPast})
         WHERE ${isDelayed} LIMIT :limit`)
      .pluck(),
    recall: db.prepare(`
      UPDATE events SET available_at = :nowMs
       WHERE seq IN (SELECT value FROM json_each(:seqs)) AND ${isFar} AND ${isDelayed}`),
  };
}
