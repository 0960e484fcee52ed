// What Prometheus is told of the database at a scrape: exact counts, taken in slices, and nothing that only a page needs.
import type { Clock } from '../../outbox/clock.ts';
import type { LiveVerbs } from '../../outbox/live-verbs.ts';
import type { ReasonCount } from '../../outbox/overview-verbs.ts';
import { type Afterwards, afterwardsOf } from './afterwards.ts';
import { countPending } from './backlog.ts';

export interface Figures extends Afterwards {
  readonly appended: number;
  readonly pending: number;
  readonly leased: number;
  readonly dead: number;
  /** 0 when nothing is pending. */
  readonly oldestPendingSeconds: number;
  readonly waiting: readonly ReasonCount[];
  /** Null where the database has no write-ahead log of its own. */
  readonly walBytes: number | null;
  /** Epoch seconds; null before the first acceptance. */
  readonly lastAcceptanceSeconds: number | null;
  /** By slot: the newest start, epoch seconds. */
  readonly starts: readonly { readonly slot: string; readonly atSeconds: number }[];
}

const linesRead = 1_000;

export async function figuresOf(store: LiveVerbs, clock: Clock): Promise<Figures> {
  const nowMs = clock.nowMs();
  const glance = await store.glance({ fromMs: nowMs, toMs: nowMs });
  const { events: pending } = await countPending(glance, store, clock);
  const { beforeMs } = await store.acceptancesAround(nowMs + 1);
  const record = await store.recordAfter({ afterId: 0, limit: linesRead });
  const starts = new Map<string, number>();
  for (const { kind, atMs, detail } of record) {
    if (kind === 'relayer_started') starts.set(String(detail.slot), atMs / 1_000);
  }
  const { oldestPendingAtMs } = glance;
  return {
    appended: glance.newestSeq,
    pending,
    leased: glance.leased,
    dead: glance.dead.events,
    oldestPendingSeconds: oldestPendingAtMs === null ? 0 : Math.max(0, nowMs - oldestPendingAtMs) / 1_000,
    waiting: glance.waiting,
    walBytes: store.walBytes(),
    ...afterwardsOf(record),
    lastAcceptanceSeconds: beforeMs === null ? null : beforeMs / 1_000,
    starts: [...starts].map(([slot, atSeconds]) => ({ slot, atSeconds })),
  };
}
