// Looking for events, on PostgreSQL. It changes nothing; the SQL is in listing-statements.ts.

import { type EventViewRow, eventView } from '../event-view.ts';
import { keyParts } from '../key-parts.ts';
import type { ListingVerbs } from '../listing-verbs.ts';
import type { PostgresConnection } from './connection.ts';
import { epochMs, type Instant } from './instant.ts';
import { countStatement, fewStatement, listingStatements, listStatement } from './listing-statements.ts';
import { logRecord, type RecordRow } from './log-record.ts';

/** The verbs on a database that has our tables. */
export function postgresListing(connection: PostgresConnection): ListingVerbs {
  return {
    async list(request) {
      const few = fewStatement(request.filter.state);
      const [row] = few === null ? [] : await connection.query<{ few: boolean }>(few);
      const { statement, values } = listStatement(request, row?.few ?? false);
      return (await connection.query<EventViewRow<Instant>>(statement, values)).map(view);
    },
    async count(request) {
      const { statement, values } = countStatement(request);
      const [row] = await connection.query<{ events: number }>(statement, values);
      return row?.events ?? 0;
    },
    async records(kind, limit) {
      return (await connection.query<RecordRow>(listingStatements.newest, [kind, limit])).map(logRecord);
    },
    async businesses(limit) {
      const rows = await connection.query<{ id: string }>(listingStatements.businesses, [limit]);
      return rows.map(({ id }) => id);
    },
    // A moment, so that the event and its record fit together.
    find: (idOrKey) =>
      connection.snapshot(async (tx) => {
        const [, [id, keySuffix] = [null, null]] = keyParts(idOrKey);
        const [row] = await tx.query<FoundRow>(listingStatements.find, [idOrKey, id, keySuffix]);
        if (row === undefined) return null;
        const records = (await tx.query<RecordRow>(listingStatements.recordsOf, [row.seq])).map(logRecord);
        const { seq, payload, headers } = row;
        return {
          event: view(row),
          payload,
          payloadBytes: Buffer.byteLength(payload),
          headers,
          records: records.filter(({ eventSeq, detail }) => eventSeq === seq || listsEvent(detail, seq)),
        };
      }),
  };
}

const view = (row: EventViewRow<Instant>) => eventView(row, epochMs);

function listsEvent({ seqs }: Readonly<Record<string, unknown>>, seq: number): boolean {
  return Array.isArray(seqs) && seqs.includes(seq);
}

interface FoundRow extends EventViewRow<Instant> {
  readonly payload: string;
  readonly headers: string | null;
}
