// The slots of an outbox on PostgreSQL: session-level advisory locks, which the server frees at once when a process dies, and after
// about 10 s when its host is lost. The classid is a hash of schema and table, the objid the slot's number.
import { randomInt } from 'node:crypto';
import { maxSlots, slotNames } from '../lease-id.ts';
import { OutboxError } from '../outbox-error.ts';
import type { RelayerSlot, RelayerSlots } from '../relayer-slot.ts';
import type { Session } from './session.ts';

export interface SlotsOptions {
  /** As people know the database. */
  readonly name: string;
  readonly table: string;
  /** The session that is open now; a new one when the last has ended. Rejects with DatabaseTrouble. */
  readonly session: () => Promise<Session>;
}

/** After the slots of the relayers: the one that reads back. */
const confirmNumber = maxSlots;

const classOf = `hashtext('outbox:' || current_schema() || '.' || $1)`;
const tryLock = `SELECT pg_try_advisory_lock(${classOf}, $2) AS held`;
const unlock = `SELECT pg_advisory_unlock(${classOf}, $2)`;
// pg_locks shows the class as an unsigned number.
const heldNumbers = `
  SELECT objid::int AS number FROM pg_locks
   WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND objid::bigint = ANY($2::bigint[])
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
     AND classid::bigint = (${classOf}::bigint & 4294967295)`;

/** Locks of the given session, and of those that follow it. */
export function postgresSlots({ name: databaseName, table, session }: SlotsOptions): RelayerSlots {
  const take = async (number: number): Promise<RelayerSlot | null> => {
    const holder = await session();
    const [row] = await holder.query<{ held: boolean }>(tryLock, [table, number]);
    if (row?.held !== true) return null;
    let isHeld = true;
    void holder.ended.then(() => {
      isHeld = false;
    });
    return {
      name: nameOf(number),
      isExclusive: true,
      // A lost session is told by `lost`, at once.
      assertHeld() {},
      lost: holder.ended,
      async release() {
        if (!isHeld) return;
        isHeld = false;
        await holder.query(unlock, [table, number]).catch(() => {});
      },
    };
  };
  return {
    async acquire() {
      for (const name of slotNames()) {
        const slot = await take(Number(name));
        if (slot !== null) return slot;
      }
      throw new OutboxError(
        'ERR_OUTBOX_SLOT',
        `all ${maxSlots} relayer slots of ${databaseName} are held by running relayers: stop some of them`,
      );
    },
    tryAcquire: (name) => take(Number(name)),
    tryAcquireConfirm: () => take(confirmNumber),
    async alive(names) {
      return names.length === 0 ? [] : heldSlots(await session(), { table, names });
    },
  };
}

/**
 * Those of the given slots that somebody holds, as anybody sees it who may connect. The schema is that of the connection's search_path. What
 * runs behind a proxy that pools by transaction holds none. Rejects with DatabaseTrouble.
 */
export async function heldSlots(
  queries: Pick<Session, 'query'>,
  { table, names }: { readonly table: string; readonly names: readonly string[] },
): Promise<readonly string[]> {
  const rows = await queries.query<{ number: number }>(heldNumbers, [table, names.map(Number)]);
  const held = new Set(rows.map(({ number }) => nameOf(number)));
  return names.filter((name) => held.has(name));
}

/** Where no lock can be held: a name by chance, and nobody is ever known to be dead. */
export function locklessSlots(): RelayerSlots {
  const slot = (): RelayerSlot => ({
    name: nameOf(randomInt(maxSlots)),
    isExclusive: false,
    assertHeld() {},
    async release() {},
  });
  return {
    acquire: async () => slot(),
    tryAcquire: async () => null,
    // Reading back twice is harmless; not at all would not be.
    tryAcquireConfirm: async () => slot(),
    alive: async () => [],
  };
}

function nameOf(number: number): string {
  return number === confirmNumber ? 'confirm' : String(number).padStart(2, '0');
}
