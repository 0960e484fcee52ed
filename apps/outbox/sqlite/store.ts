// The relayer's store on SQLite. It owns its connection, runs one short write transaction per verb, and never waits
// for anything but SQLite itself. Times come in as arguments.
import { isoText } from '../clock.ts';
import { leaseRange, ownLeaseRange, slotNames } from '../lease-id.ts';
import type { LogEntry } from '../log-entry.ts';
import type { OutboxStore } from '../store.ts';
import { sqliteAudit } from './audit.ts';
import { sqliteConfirm } from './confirm.ts';
import type { SqliteConnection } from './connection.ts';
import { type ConnectionFacts, connectionFacts } from './connection-facts.ts';
import { sqliteListing } from './listing.ts';
import { sqliteLive } from './live.ts';
import { sqliteOperator } from './operator.ts';
import { sqliteOverview } from './overview.ts';
import { sqliteOwners } from './owners.ts';
import { sqliteRecall } from './recall.ts';
import { prepareStatements, type Statements } from './statements.ts';
import { immediately } from './transaction.ts';
import { sqliteTurn } from './turn.ts';
import { sqliteWal, type WalVerbs } from './wal.ts';

/** The record keeps this many lines, whatever their age. */
const keptLogLines = 10_000;

/** The store's verbs, and what only SQLite offers beside them. */
export interface SqliteStore extends OutboxStore, WalVerbs {
  /** How durable its connection really is. */
  facts(): ConnectionFacts;
}

/** Makes a store of an open connection whose `events` table exists. Closing the store closes the connection. */
export function sqliteStore(db: SqliteConnection): SqliteStore {
  const statements = prepareStatements(db);
  const wal = sqliteWal(db);
  const record = (entry: LogEntry & { nowMs: number }) => write(statements, entry);
  return {
    ...sqliteAudit(db),
    ...sqliteConfirm(db),
    ...sqliteListing(db),
    ...sqliteOperator(db),
    ...sqliteOverview(db),
    ...sqliteLive(db),
    ...sqliteOwners(db),
    ...sqliteRecall(db),
    ...wal,
    ...sqliteTurn(db, { dataVersion: wal.dataVersion, record }),
    facts: () => connectionFacts(db),
    async takeOver({ slot, nowMs, exceptToken }) {
      const own = ownLeaseRange(slot, exceptToken);
      return immediately(db, 'take-over', () => {
        const events = statements.takeOver.run({
          ...leaseRange(slot),
          ownFrom: own.from,
          ownTo: own.to,
          nowMs,
        }).changes;
        if (events > 0) write(statements, { kind: 'taken_over', detail: { slot, events }, nowMs });
        return events;
      });
    },
    // No relayer needs it here, where every turn is answered: for the crash points it is a takeover, whose end of leases it shares.
    giveBack: async ({ leaseIds }) =>
      immediately(db, 'take-over', () => statements.giveBack.run(JSON.stringify(leaseIds)).changes),
    slotsWithLeases: async () => slotsWithLeases(statements),
    async resume(request) {
      return immediately(db, 'resume', () => statements.resume.run(request).changes);
    },
    async promote(request) {
      if (statements.anyOverdue.get(request.nowMs) === undefined) return 0;
      return immediately(db, 'promote', () => statements.promote.run(request).changes);
    },
    async prune({ beforeMs, limit, which = 'any', keepsRecord = false }) {
      const before = isoText(beforeMs);
      return immediately(db, 'prune', () => {
        if (!keepsRecord) pruneRecord(statements, before);
        return prune(statements, { before, limit, which });
      });
    },
    log: async (entry) => write(statements, entry),
    async lastLogged(kind, members = {}) {
      return lastLogged(statements, kind, members);
    },
    async acceptedBy(gateway) {
      return Number(statements.acceptedBy.get(gateway));
    },
    async verifiedGateways() {
      return statements.verifiedGateways.all().map(String);
    },
    async close() {
      db.close();
    },
  };
}

function pruneRecord(statements: Statements, before: string): void {
  statements.pruneLog.run({ before, oldestKept: Number(statements.newestLog.get()) - keptLogLines });
}

function prune(
  statements: Statements,
  { before, limit, which }: { before: string; limit: number; which: 'any' | 'confirmed' | 'unconfirmed' },
): number {
  const confirmed = which === 'unconfirmed' ? 0 : statements.pruneConfirmed.run({ before, limit }).changes;
  const left = which === 'confirmed' ? 0 : limit - confirmed;
  return confirmed + (left === 0 ? 0 : statements.pruneUnconfirmed.run({ before, limit: left }).changes);
}

function write(
  statements: Statements,
  { nowMs, eventSeq, detail, kind }: LogEntry & { nowMs: number },
): void {
  const values = { at: isoText(nowMs), eventSeq: eventSeq ?? null, detail: JSON.stringify(detail) };
  statements.log.run({ ...values, kind });
}

/** One look-up in the index per slot there can be (about 0.1 ms in all), however many leases and odd lease ids there are. */
function slotsWithLeases(statements: Statements): readonly string[] {
  return slotNames().filter((slot) => statements.anyLeaseIn.get(leaseRange(slot)) !== undefined);
}

function lastLogged(
  statements: Statements,
  kind: LogEntry['kind'],
  members: Readonly<Record<string, string>>,
) {
  const detail = statements.lastLogged.get({ kind, members: JSON.stringify(members) });
  return typeof detail === 'string' ? (JSON.parse(detail) as Readonly<Record<string, unknown>>) : null;
}
