// A relayer's turn on SQLite: settles and claims in one transaction. The fence is here: a settlement whose lease was lost
// changes nothing and is recorded.
import { isoText } from '../clock.ts';
import { crashPoint } from '../crash-point.ts';
import type { LogEntry } from '../log-entry.ts';
import type {
  ClaimedEvent,
  ClaimRequest,
  OutboxStore,
  Settlement,
  TurnRequest,
  TurnResult,
} from '../store.ts';
import type { SqliteConnection } from './connection.ts';
import { immediately } from './transaction.ts';
import { type ClaimedRow, claimedEvent, type TurnStatements, turnStatements } from './turn-statements.ts';

export interface TurnParts {
  /** Changes when another connection has committed. */
  readonly dataVersion: () => number;
  /** Writes a line of the record in the transaction that is open. */
  readonly record: (entry: LogEntry & { readonly nowMs: number }) => void;
}

/** The loop's two verbs on an open connection. */
export function sqliteTurn(
  db: SqliteConnection,
  { dataVersion, record }: TurnParts,
): Pick<OutboxStore, 'turn' | 'nextDueAtMs'> {
  const statements = turnStatements(db);
  let seenVersion = dataVersion();
  const haveOthersWritten = () => {
    const before = seenVersion;
    seenVersion = dataVersion();
    return seenVersion !== before;
  };
  const work = (request: TurnRequest) => (): TurnResult => {
    // Asked inside the transaction: outside it would be one of its own, 29 us in a profile of a drain.
    const othersWrote = haveOthersWritten();
    const lost = settleAll(statements, request);
    // In the same transaction, so that the record holds whatever becomes of this process.
    if (lost.length > 0) record({ kind: 'fenced', detail: { events: lost.length }, nowMs: request.nowMs });
    for (const settlement of request.settlements) {
      if (settlement.kind !== 'dead' || lost.includes(settlement)) continue;
      // The row has no column for the instant, and people ask when it was.
      const { seq: eventSeq, error } = settlement;
      record({ kind: 'dead', eventSeq, detail: { error }, nowMs: request.nowMs });
    }
    if (request.settlements.length > 0) crashPoint('store:between-settle-and-claim');
    const claimed = request.claim === null ? [] : claim(statements, request.claim);
    return { lost, claimed, othersWrote };
  };
  return {
    async turn(request): Promise<TurnResult> {
      if (request.settlements.length > 0) return immediately(db, 'settle', work(request));
      const isIdle = request.claim === null || statements.anyDue.get(request.claim.dueByMs) === undefined;
      if (isIdle) return { lost: [], claimed: [], othersWrote: haveOthersWritten() };
      return immediately(db, 'claim', work(request));
    },
    async nextDueAtMs(nowMs) {
      return statements.nextDue.get(nowMs) as number | null;
    },
  };
}

function claim(statements: TurnStatements, { exceptSeqs, ...request }: ClaimRequest) {
  const rows = statements.claim.all({ ...request, exceptSeqs: JSON.stringify(exceptSeqs) }) as ClaimedRow[];
  // Pushed: what `map` returns becomes another kind of array once V8 has optimized it, and all that goes through it is compiled anew.
  const events: ClaimedEvent[] = [];
  for (const row of rows) events.push(claimedEvent(row));
  return events.sort((a, b) => a.seq - b.seq);
}

type Processed = Extract<Settlement, { kind: 'processed' }>;

/** Returns the settlements whose lease was lost, in their order. */
function settleAll(statements: TurnStatements, { settlements, nowMs }: TurnRequest): readonly Settlement[] {
  const at = isoText(nowMs);
  const lost: Settlement[] = [];
  for (const together of byLease(settlements)) lost.push(...settleProcessed(statements, together, at));
  for (const settlement of settlements) {
    if (settlement.kind !== 'processed' && !settle(statements, settlement)) lost.push(settlement);
  }
  return lost.length === 0 ? lost : settlements.filter((settlement) => lost.includes(settlement));
}

/** What was accepted, by lease and gateway: a turn settles what one or two others have claimed. */
function byLease(settlements: readonly Settlement[]): readonly (readonly Processed[])[] {
  const groups: Processed[][] = [];
  for (const settlement of settlements) {
    if (settlement.kind !== 'processed') continue;
    const { leaseId, gateway } = settlement;
    // Compared, not looked up: a key made of both would be hashed anew for each event.
    const group = groups.find((all) => all[0]?.leaseId === leaseId && all[0].gateway === gateway);
    if (group === undefined) groups.push([settlement]);
    else group.push(settlement);
  }
  return groups;
}

/** Returns those whose lease was lost. */
function settleProcessed(
  statements: TurnStatements,
  settlements: readonly Processed[],
  at: string,
): readonly Processed[] {
  const [first] = settlements;
  if (first === undefined) return [];
  const { leaseId, gateway } = first;
  const seqs = JSON.stringify(settlements.map(({ seq }) => seq));
  const settled = statements.processed.all({ seqs, leaseId, at, gateway });
  if (settled.length === settlements.length) return [];
  const isSettled = new Set(settled);
  return settlements.filter(({ seq }) => !isSettled.has(seq));
}

/** Whether the lease was still held. */
function settle(statements: TurnStatements, settlement: Exclude<Settlement, Processed>): boolean {
  const { seq, leaseId } = settlement;
  switch (settlement.kind) {
    case 'retry': {
      const { availableAtMs, error } = settlement;
      return statements.retry.run({ seq, leaseId, availableAtMs, error }).changes === 1;
    }
    case 'dead': {
      const counted = settlement.countsAttempt ? 1 : 0;
      return statements.dead.run({ seq, leaseId, counted, error: settlement.error }).changes === 1;
    }
    case 'released': {
      const { availableAtMs, waitReason, error } = settlement;
      const unsent = settlement.claim === 'unsent' ? 1 : 0;
      return (
        statements.released.run({ seq, leaseId, availableAtMs, waitReason, error, unsent }).changes === 1
      );
    }
    default:
      return settlement satisfies never;
  }
}
