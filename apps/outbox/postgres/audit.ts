// What reconciling with Convoy reads, on PostgreSQL. Both ways go through indexes that are there for reading back.
import type { AuditVerbs } from '../audit-verbs.ts';
import { keyParts } from '../key-parts.ts';
import type { PostgresConnection } from './connection.ts';
import { epochMs, type Instant, instantAt } from './instant.ts';

/** The verbs on a database that has our tables. */
export function postgresAudit(connection: PostgresConnection): AuditVerbs {
  return {
    async accepted({ gateway, which, after, beforeMs, limit }) {
      const statement = auditStatements[which];
      const values = [gateway, after.acceptedAtMs, after.seq, beforeMs, limit];
      const rows = await connection.query<AcceptedRow>(statement, values);
      return rows.map(({ seq, key, processed_at }) => ({ seq, key, acceptedAtMs: epochMs(processed_at) }));
    },
    async known(keys) {
      const parts = keys.flatMap((key) => keyParts(key).map(([id]) => ({ key, id })));
      const values = [parts.map(({ key }) => key), parts.map(({ id }) => id)];
      return (await connection.query<{ key: string }>(auditStatements.known, values)).map(({ key }) => key);
    },
  };
}

interface AcceptedRow {
  readonly seq: number;
  readonly key: string;
  readonly processed_at: Instant;
}

function accepted(confirmedAt: 'IS NULL' | 'IS NOT NULL'): string {
  return `
    SELECT seq, id || key_suffix AS key, processed_at FROM events
     WHERE status = 'processed' AND confirmed_at ${confirmedAt}
       AND processed_at >= ${instantAt('$2')} AND processed_at < ${instantAt('$4')}
       AND (processed_at > ${instantAt('$2')} OR seq > $3) AND gateway = $1
     ORDER BY processed_at, seq
     LIMIT $5`;
}

/** Exported for the test that looks at the plans. */
export const auditStatements = {
  confirmed: accepted('IS NOT NULL'),
  unconfirmed: accepted('IS NULL'),
  // One look into the unique index per key.
  known: `
    SELECT DISTINCT part.key FROM unnest($1::text[], $2::text[]) AS part(key, id)
      JOIN events AS event ON event.id = part.id`,
};
