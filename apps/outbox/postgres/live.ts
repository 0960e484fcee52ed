// The verbs of a page that moves, on PostgreSQL. Each is one statement: one journey, and the numbers of one moment. It looks only; nothing here
// changes an event. The SQL is in live-statements.ts.
import type {
  Acceptance,
  BoundedCount,
  DeadReason,
  Glance,
  LiveVerbs,
  NumberedRecord,
} from '../live-verbs.ts';
import type { ReasonCount } from '../overview-verbs.ts';
import type { PostgresConnection } from './connection.ts';
import { epochMsOrNull, type Instant } from './instant.ts';
import { acceptancesWithinMs, liveStatements, mostAtGlance, mostWithin } from './live-statements.ts';
import { logRecord, type RecordRow } from './log-record.ts';

/** The verbs on a database that has our tables. */
export function postgresLive(connection: PostgresConnection): LiveVerbs {
  return {
    async glance({ fromMs, toMs }) {
      const values = [fromMs, toMs, Math.max(0, toMs - acceptancesWithinMs)];
      const [row] = await connection.query<GlanceRow>(liveStatements.glance, values);
      return glanceOf(row);
    },
    async freshBetween({ afterSeq, upToSeq }) {
      return eventsIn(await connection.query<EventsRow>(liveStatements.freshBetween, [afterSeq, upToSeq]));
    },
    async countDelayed() {
      return eventsIn(await connection.query<EventsRow>(liveStatements.countDelayed));
    },
    async traffic({ fromMs, toMs }) {
      const [row] = await connection.query<TrafficRow>(liveStatements.traffic, [fromMs, toMs]);
      return {
        appended: boundedAt(row?.appended ?? 0),
        accepted: boundedAt(row?.accepted ?? 0),
        latenciesMs: acceptancesIn(row?.acceptances).map(({ latencyMs }) => latencyMs),
      };
    },
    async acceptancesAround(atMs) {
      const [row] = await connection.query<AroundRow>(liveStatements.acceptancesAround, [atMs]);
      return {
        beforeMs: epochMsOrNull(row?.before_at ?? null),
        fromMs: epochMsOrNull(row?.from_at ?? null),
      };
    },
    async recordAfter({ afterId, limit }) {
      const rows = await connection.query<RecordRow & { id: number }>(liveStatements.recordAfter, [
        afterId,
        limit,
      ]);
      return rows.toReversed().map((row): NumberedRecord => ({ id: row.id, ...logRecord(row) }));
    },
    deadReasons: () => connection.query<DeadReason>(liveStatements.deadReasons),
    walBytes: () => null,
  };
}

interface EventsRow {
  readonly events: number;
}

/** An instant and another one, epoch ms; text when a hand has written `infinity`. */
type AcceptancePair = readonly [processedAtMs: number | string, createdAtMs: number | string];

interface GlanceRow {
  readonly newest_seq: number;
  readonly fresh_head_seq: number | null;
  readonly delayed: number;
  readonly leased: number;
  readonly oldest_created_at: Instant | null;
  readonly dead: number;
  readonly waiting: readonly ReasonCount[];
  readonly accepted: number;
  readonly acceptances: readonly AcceptancePair[];
}

interface TrafficRow {
  readonly appended: number;
  readonly accepted: number;
  readonly acceptances: readonly AcceptancePair[];
}

interface AroundRow {
  readonly before_at: Instant | null;
  readonly from_at: Instant | null;
}

function glanceOf(row: GlanceRow | undefined): Glance {
  const oldestMs = epochMsOrNull(row?.oldest_created_at ?? null);
  return {
    newestSeq: row?.newest_seq ?? 0,
    freshHeadSeq: row?.fresh_head_seq ?? null,
    delayed: boundedAt(row?.delayed ?? 0, mostAtGlance),
    leased: row?.leased ?? 0,
    oldestPendingAtMs: Number.isNaN(oldestMs) ? null : oldestMs,
    dead: boundedAt(row?.dead ?? 0, mostAtGlance),
    waiting: row?.waiting ?? [],
    accepted: row?.accepted ?? 0,
    acceptances: acceptancesIn(row?.acceptances),
  };
}

function acceptancesIn(pairs: readonly AcceptancePair[] = []): Acceptance[] {
  return pairs.flatMap(([processedAt, createdAt]) => {
    const atMs = Number(processedAt);
    const latencyMs = atMs - Number(createdAt);
    // A row edited by hand may hold no date.
    return Number.isFinite(latencyMs) ? [{ atMs, latencyMs: Math.max(0, latencyMs) }] : [];
  });
}

function eventsIn([row]: readonly EventsRow[]): number {
  return row?.events ?? 0;
}

function boundedAt(events: number, most = mostWithin): BoundedCount {
  return { events: Math.min(events, most), isExact: events <= most };
}
