// A relayer's turn on PostgreSQL: settles and claims in one transaction. The fence is here: a settlement whose lease was lost changes
// nothing and is recorded.
import { crashPoint } from '../crash-point.ts';
import type { ClaimRequest, OutboxStore, Settlement, TurnRequest, TurnResult } from '../store.ts';
import type { PostgresConnection, Queries } from './connection.ts';
import { settlementColumns } from './settlement-columns.ts';
import { type ClaimedRow, claimedEvent, turnStatements } from './turn-statements.ts';

/** The loop's two verbs. */
export function postgresTurn(connection: PostgresConnection): Pick<OutboxStore, 'turn' | 'nextDueAtMs'> {
  return {
    async turn(request): Promise<TurnResult> {
      const { settlements, claim } = request;
      if (settlements.length === 0) {
        if (claim === null) return { lost: [], claimed: [], othersWrote };
        return { lost: [], claimed: await claimed(connection, claim), othersWrote };
      }
      const done = await settleAndClaim(connection, request);
      crashPoint('store:after-settle');
      return { ...done, othersWrote };
    },
    async nextDueAtMs(nowMs) {
      const [row] = await connection.query<{ due_at: number | null }>(turnStatements.nextDue, [nowMs]);
      return row?.due_at ?? null;
    },
  };
}

/**
 * On SQLite a relayer leaves a gap after its turn when others write, since only one can. Here writers lock rows, never each other:
 * nobody waits for a relayer, so there is no gap to ask for.
 */
const othersWrote = false;

type Done = Omit<TurnResult, 'othersWrote'>;

async function settleAndClaim(connection: PostgresConnection, request: TurnRequest): Promise<Done> {
  const { settlements, claim } = request;
  if (claim === null) return { lost: await settle(connection, request), claimed: [] };
  if (settlements.some((settlement) => isDueBy(settlement, claim.dueByMs))) {
    return connection.transaction(async (tx) => {
      const lost = await settle(tx, request);
      crashPoint('store:between-settle-and-claim');
      return { lost, claimed: await claimed(tx, claim) };
    });
  }
  const rows = await connection.query<LostRow & (ClaimedRow | { readonly seq: null })>(
    turnStatements.settleAndClaim,
    [...settlementColumns(request), ...claimValues(claim)],
  );
  return {
    lost: lostOf(settlements, rows),
    claimed: eventsOf(rows.filter((row) => row.seq !== null)),
  };
}

/** One statement sees the rows as they were before it: what it makes due at once, only another one can claim. */
function isDueBy(settlement: Settlement, dueByMs: number): boolean {
  return 'availableAtMs' in settlement && settlement.availableAtMs <= dueByMs;
}

interface LostRow {
  /** Places in the list of settlements, or null for none. */
  readonly lost: readonly number[] | null;
}

/** Returns the settlements whose lease was lost, in their order. */
async function settle(queries: Queries, request: TurnRequest): Promise<readonly Settlement[]> {
  const rows = await queries.query<LostRow>(turnStatements.settle, settlementColumns(request));
  return lostOf(request.settlements, rows);
}

function lostOf(settlements: readonly Settlement[], rows: readonly LostRow[]): readonly Settlement[] {
  const lost = new Set(rows[0]?.lost ?? []);
  return lost.size === 0 ? [] : settlements.filter((_, index) => lost.has(index + 1));
}

async function claimed(queries: Queries, claim: ClaimRequest) {
  const events = eventsOf(await queries.query<ClaimedRow>(turnStatements.claim, claimValues(claim)));
  if (events.length > 0) crashPoint('store:after-claim');
  return events;
}

function claimValues({ leaseId, leaseEndsAtMs, dueByMs, exceptSeqs, slots }: ClaimRequest) {
  return [leaseId, leaseEndsAtMs, dueByMs, exceptSeqs, slots];
}

function eventsOf(rows: readonly ClaimedRow[]) {
  return rows.map(claimedEvent).sort((a, b) => a.seq - b.seq);
}
