// Looking for events, in SQLite. The one place where SQL is put together at run time: each member of a filter adds one
// condition from a fixed list. Values are always bound.
import { isoText } from '../clock.ts';
import { type EventViewRow, eventView } from '../event-view.ts';
import { keyParts } from '../key-parts.ts';
import type { EventFilter, EventState, ListingVerbs, ListRequest } from '../listing-verbs.ts';
import type { SqliteConnection } from './connection.ts';
import { logRecord, type RecordRow } from './overview.ts';

/** The verbs on an open connection whose tables exist. */
export function sqliteListing(db: SqliteConnection): ListingVerbs {
  return {
    async list(request) {
      const rows = db.prepare(listSql(request)).all(parametersOf(request));
      return (rows as EventViewRow<string>[]).map(view);
    },
    async count(request) {
      const { where } = conditionsOf(request.filter);
      return Number(db.prepare(`SELECT count(*) FROM events${where}`).pluck().get(parametersOf(request)));
    },
    async records(kind, limit) {
      return (db.prepare(newestSql).all({ kind, limit }) as RecordRow[]).map(logRecord);
    },
    async businesses(limit) {
      return db.prepare(businessesSql).pluck().all({ limit }).map(String);
    },
    async find(idOrKey) {
      for (const [id, keySuffix] of [[idOrKey, null] as const, ...keyParts(idOrKey)]) {
        const row = db.prepare(findSql).get({ id, keySuffix }) as FoundRow | undefined;
        if (row === undefined) continue;
        const records = db.prepare(recordsSql).all({ seq: row.seq }) as RecordRow[];
        const { payload, payload_bytes: payloadBytes, headers } = row;
        return { event: view(row), payload, payloadBytes, headers, records: records.map(logRecord) };
      }
      return null;
    },
  };
}

interface FoundRow extends EventViewRow<string> {
  readonly payload: string;
  readonly payload_bytes: number;
  readonly headers: string | null;
}

const view = (row: EventViewRow<string>) => eventView(row, Date.parse);

const columns = `seq, id, key_suffix, business_id, event_type, status, created_at, processed_at, confirmed_at, available_at,
  lease_id, attempts, claims, resends, wait_reason, gateway, last_error`;

const findSql = `
  SELECT ${columns}, payload, length(CAST(payload AS BLOB)) AS payload_bytes, headers FROM events
   WHERE id = :id AND (:keySuffix IS NULL OR key_suffix = :keySuffix)`;

// A batch is one record that lists its events. Some ten thousand records at most: a scan takes a few ms.
const recordsSql = `
  SELECT kind, at, event_seq, detail FROM outbox_log
   WHERE event_seq = :seq
      OR (kind IN ('redriven', 'discarded') AND event_seq IS NULL
          AND EXISTS (SELECT 1 FROM json_each(CASE WHEN json_valid(detail) THEN detail END, '$.seqs') WHERE value = :seq))
   ORDER BY id`;

const newestSql = `
  SELECT kind, at, event_seq, detail FROM outbox_log WHERE kind = :kind ORDER BY id DESC LIMIT :limit`;

// From one to the next through the index: DISTINCT would read an entry of it per event.
const businessesSql = `
  WITH RECURSIVE business(id) AS (
    SELECT min(business_id) FROM events
     UNION ALL
    SELECT (SELECT min(business_id) FROM events WHERE business_id > business.id) FROM business WHERE business.id IS NOT NULL
     LIMIT :limit)
  SELECT id FROM business WHERE id IS NOT NULL`;

/** What a state means in SQL; those but the whole of `processed` are found through a partial index. */
const states: Readonly<Record<EventState, string>> = {
  pending: `status = 'pending'`,
  processed: `status = 'processed'`,
  dead: `status = 'dead'`,
  discarded: `status = 'discarded'`,
  leased: 'lease_id IS NOT NULL',
  waiting: `status = 'pending' AND available_at > :nowMs AND lease_id IS NULL`,
  unconfirmed: `status = 'processed' AND confirmed_at IS NULL`,
  undelivered: `status = 'processed' AND confirmed_at IS NULL AND last_error IS NOT NULL`,
};

/**
 * Two ways to a page. Through an index of few rows (a rare state, a span of time), from which SQLite keeps the first ones by
 * `seq`; or along the table or the index by business, which are in that order, until the page is full. A plus in front of a
 * column keeps SQLite from taking the other way: it has no statistics, and guesses.
 */
function listSql({ filter, order, beyondSeq }: ListRequest): string {
  const { where, isSpan } = conditionsOf(filter);
  const direction = order === 'newest' ? 'DESC' : 'ASC';
  const seq = isSpan ? '+seq' : 'seq';
  const beyond = beyondSeq === null ? '' : `${seq} ${order === 'newest' ? '<' : '>'} :beyondSeq`;
  const all = [where.replace(/^ WHERE /, ''), beyond].filter((condition) => condition !== '');
  const condition = all.length === 0 ? '' : ` WHERE ${all.join(' AND ')}`;
  return `
    SELECT ${columns} FROM events
     WHERE seq IN (SELECT seq FROM events${condition} ORDER BY ${seq} ${direction} LIMIT :limit)
     ORDER BY seq ${direction}`;
}

function conditionsOf(filter: EventFilter): { readonly where: string; readonly isSpan: boolean } {
  const { state, businessId, eventType, createdFromMs, createdBeforeMs, error, gateway } = filter;
  const isRare = state !== undefined && state !== 'processed';
  const isDated = createdFromMs !== undefined || createdBeforeMs !== undefined;
  const created = isRare || businessId !== undefined ? '+created_at' : 'created_at';
  const conditions = [
    state === undefined ? '' : states[state],
    businessId === undefined ? '' : `${isRare ? '+' : ''}business_id = :businessId`,
    eventType === undefined ? '' : 'event_type = :eventType',
    createdFromMs === undefined ? '' : `${created} >= :createdFrom`,
    createdBeforeMs === undefined ? '' : `${created} < :createdBefore`,
    error === undefined ? '' : 'instr(lower(last_error), lower(:error)) > 0',
    gateway === undefined ? '' : 'gateway = :gateway',
  ].filter((condition) => condition !== '');
  return {
    where: conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`,
    isSpan: isRare || (isDated && businessId === undefined),
  };
}

function parametersOf(request: Partial<ListRequest> & Pick<ListRequest, 'filter' | 'nowMs'>) {
  const { createdFromMs, createdBeforeMs, state: _, ...rest } = request.filter;
  return {
    ...rest,
    ...(createdFromMs === undefined ? {} : { createdFrom: isoText(createdFromMs) }),
    ...(createdBeforeMs === undefined ? {} : { createdBefore: isoText(createdBeforeMs) }),
    nowMs: request.nowMs,
    limit: request.limit ?? null,
    beyondSeq: request.beyondSeq ?? null,
  };
}
