// Keeping house on PostgreSQL: ends the leases of the dead, makes due what waited, deletes what is old. Each verb is one statement and so
// one transaction; it waits for nobody's row (SKIP LOCKED) but where it says so.
import { leaseRange, ownLeaseRange, slotNames } from '../lease-id.ts';
import type { OutboxStore } from '../store.ts';
import type { PostgresConnection } from './connection.ts';
import { keepingStatements } from './keeping-statements.ts';

type Verbs = Pick<
  OutboxStore,
  'takeOver' | 'giveBack' | 'slotsWithLeases' | 'resume' | 'promote' | 'recall' | 'prune'
>;

/** The record keeps this many lines, whatever their age. */
const keptLogLines = 10_000;

/** The verbs on a database that has our tables. */
export function postgresKeeping(connection: PostgresConnection): Verbs {
  return {
    async takeOver({ slot, nowMs, exceptToken }) {
      const { from, to } = leaseRange(slot);
      const own = ownLeaseRange(slot, exceptToken);
      const values = [nowMs, from, to, slot, own.from, own.to];
      const [row] = await connection.query<{ events: number }>(keepingStatements.takeOver, values);
      return row?.events ?? 0;
    },
    giveBack: ({ leaseIds }) => connection.run(keepingStatements.giveBack, [leaseIds]),
    async slotsWithLeases() {
      const slots = slotNames();
      const ranges = slots.map(leaseRange);
      const values = [slots, ranges.map(({ from }) => from), ranges.map(({ to }) => to)];
      const rows = await connection.query<{ slot: string }>(keepingStatements.slotsWithLeases, values);
      return rows.map(({ slot }) => slot);
    },
    resume: ({ nowMs, limit }) => connection.run(keepingStatements.resume, [nowMs, limit]),
    promote: ({ nowMs, limit }) => connection.run(keepingStatements.promote, [nowMs, limit]),
    recall: ({ afterMs, nowMs, limit }) => connection.run(keepingStatements.recall, [nowMs, afterMs, limit]),
    async prune({ beforeMs, limit, which = 'any', keepsRecord = false }) {
      const most = {
        confirmed: which === 'unconfirmed' ? 0 : limit,
        unconfirmed: which === 'confirmed' ? 0 : limit,
      };
      const values = [beforeMs, most.confirmed, most.unconfirmed, limit];
      if (keepsRecord) return connection.run(keepingStatements.prune, values);
      return connection.run(keepingStatements.pruneWithRecord, [...values, keptLogLines]);
    },
  };
}
