// Looking for events, on PostgreSQL. It changes nothing; the SQL is in listing-statements.ts.
import { keyParts } from '../key-parts.ts';
import type { EventView, ListingVerbs } from '../listing-verbs.ts';
import type { PostgresConnection } from './connection.ts';
import { epochMs, epochMsOrNull, type Instant } from './instant.ts';
import { countStatement, fewStatement, listingStatements, listStatement } from './listing-statements.ts';
import { logRecord, type RecordRow } from './log-record.ts';

/** The verbs on a database that has our tables. */
export function postgresListing(connection: PostgresConnection): ListingVerbs {
  return {
    async list(request) {
      const few = fewStatement(request.filter.state);
      const [row] = few === null ? [] : await connection.query<{ few: boolean }>(few);
      const { statement, values } = listStatement(request, row?.few ?? false);
      return (await connection.query<EventViewRow>(statement, values)).map(eventView);
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
          event: eventView(row),
          payload,
          payloadBytes: Buffer.byteLength(payload),
          headers,
          records: records.filter(({ eventSeq, detail }) => eventSeq === seq || listsEvent(detail, seq)),
        };
      }),
  };
}

function listsEvent({ seqs }: Readonly<Record<string, unknown>>, seq: number): boolean {
  return Array.isArray(seqs) && seqs.includes(seq);
}

/** A row of `events` as far as it is shown. */
interface EventViewRow {
  readonly seq: number;
  readonly id: string;
  readonly key_suffix: string;
  readonly business_id: string;
  readonly event_type: string;
  readonly status: EventView['status'];
  readonly created_at: Instant;
  readonly processed_at: Instant | null;
  readonly confirmed_at: Instant | null;
  readonly available_at: number;
  readonly lease_id: string | null;
  readonly attempts: number;
  readonly claims: number;
  readonly resends: number;
  readonly wait_reason: EventView['waitReason'];
  readonly gateway: string | null;
  readonly last_error: string | null;
}

interface FoundRow extends EventViewRow {
  readonly payload: string;
  readonly headers: string | null;
}

function eventView(row: EventViewRow): EventView {
  return {
    seq: row.seq,
    id: row.id,
    keySuffix: row.key_suffix,
    businessId: row.business_id,
    eventType: row.event_type,
    status: row.status,
    createdAtMs: epochMs(row.created_at),
    processedAtMs: epochMsOrNull(row.processed_at),
    confirmedAtMs: epochMsOrNull(row.confirmed_at),
    availableAtMs: row.available_at,
    leasedBy: row.lease_id === null ? null : row.lease_id.slice(0, Math.max(0, row.lease_id.indexOf(':'))),
    attempts: row.attempts,
    claims: row.claims,
    resends: row.resends,
    waitReason: row.wait_reason,
    gateway: row.gateway,
    lastError: row.last_error,
  };
}
