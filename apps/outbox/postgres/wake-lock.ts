// The lock by which a relayer on PostgreSQL says that it sleeps: its SQL, and why no wake is missed. When to sleep and when to rise is
// wake.ts's to decide.
//
// A relayer that sleeps holds the lock alone. The trigger of an appending transaction asks for a share of it. It gets none: somebody
// sleeps, and the transaction notifies. It gets one: it notifies nobody, and holds its share to its end.
//
// 1. A transaction that did not notify held a share before the relayer got the lock, or after the relayer gave it back. The second is no
//    harm: that relayer is awake, and looks.
// 2. In the first case the relayer got the lock only after the transaction's end, and PostgreSQL makes a commit visible before it frees
//    the transaction's locks. So a look that begins once the lock is held sees the event: whoever gets the lock must look once more.
// 3. Every transaction whose trigger asks later notifies, and the relayer has been listening since its session began.
//
// Several relayers: one holds the lock, the others doze. Each hears every notification, and 2 and 3 hold for whoever looks after it has
// seen that another holds the lock. When the holder gives it back, it tells the others (`announce`); when it dies, nobody does, which is
// why a dozing one asks for the lock from time to time. When it stands still, nobody can give it back: then a dozing one ends its session.
import { DatabaseTrouble } from '../database-trouble.ts';
import { maxSlots } from '../lease-id.ts';
import type { Queries } from './connection.ts';
import type { Session } from './session.ts';

/** After the slots and the lock of whoever reads back. The trigger (prisma/postgres/migrations) has it as a number. */
const wakeNumber = maxSlots + 1;

/** What a relayer that is told of another's rising hears; a commit says nothing. */
export const risen = 'risen';

/** What came of a try to sleep: `shared`: a transaction that notified nobody is under way. */
export type Rest = 'held' | 'held by another' | 'shared';

/**
 * Not the class of the slots: those go by the session's first schema, and the trigger knows only the schema of its table. The schema is looked
 * up as every statement looks up the table.
 */
const place = `(
  SELECT hashtext('outbox:' || nspname || '.' || relname) AS class
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
   WHERE pg_class.oid = to_regclass(quote_ident($1))) AS place`;

/**
 * Never waits: a session that waits for a lock could not be pinged. A share that it gets shows that the holders are sharers, and is given back
 * at once.
 */
const tryLock = `
  SELECT CASE WHEN pg_try_advisory_lock(class, ${wakeNumber}) THEN 'held'
              WHEN pg_try_advisory_lock_shared(class, ${wakeNumber})
                THEN CASE WHEN pg_advisory_unlock_shared(class, ${wakeNumber}) THEN 'shared' END
              ELSE 'held by another' END AS rest
    FROM ${place}`;

const unlock = `SELECT pg_advisory_unlock(class, ${wakeNumber}) FROM ${place}`;

/**
 * Who waits for the lock that a notifying transaction holds from before its commit until it is on the disk (PostgreSQL's async.c), and has
 * written to the table: other applications of the server may notify as they like.
 */
const queued = `
  WITH locks AS MATERIALIZED (SELECT * FROM pg_locks)
  SELECT EXISTS (
    SELECT FROM locks
     WHERE locktype = 'object' AND database = 0 AND classid = 'pg_database'::regclass AND objid = 0 AND NOT granted
       AND pid IN (SELECT pid FROM locks
                    WHERE locktype = 'relation' AND relation = to_regclass(quote_ident($1)) AND mode = 'RowExclusiveLock'
                      AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))) AS found`;

/** pg_locks shows the class as an unsigned number. */
const terminate = `
  SELECT pg_terminate_backend(pid)
    FROM pg_locks, ${place}
   WHERE locktype = 'advisory' AND granted AND mode = 'ExclusiveLock' AND objsubid = 2 AND objid = ${wakeNumber}
     AND classid::bigint = (class::bigint & 4294967295) AND pid <> pg_backend_pid()
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

/** Asks for the lock; a session that has it must not ask again. Rejects with DatabaseTrouble. */
export async function tryToSleep(session: Session, table: string): Promise<Rest> {
  const [row] = await session.query<{ rest: Rest }>(tryLock, [table]);
  return row?.rest ?? 'shared';
}

/** Gives it back. Rejects with DatabaseTrouble. */
export async function rise(session: Session, table: string): Promise<void> {
  await session.query(unlock, [table]);
}

/** Whether appending transactions wait because they notify. Rejects with DatabaseTrouble. */
export async function areWritersQueued(session: Session, table: string): Promise<boolean> {
  const [row] = await session.query<{ found: boolean }>(queued, [table]);
  return row?.found === true;
}

/**
 * Ends the session of whoever holds the lock. Returns false without the right to: that of the holder's role, or of pg_signal_backend. Rejects
 * with DatabaseTrouble.
 */
export async function endHolder(session: Session, table: string): Promise<boolean> {
  try {
    await session.query(terminate, [table]);
    return true;
  } catch (error) {
    if (error instanceof DatabaseTrouble && error.code === '42501') return false;
    throw error;
  }
}

/**
 * Tells the other relayers that nobody notifies any more. Over a borrowed connection: it waits for its turn as every notification does, and the
 * session must answer its pings. Rejects with DatabaseTrouble.
 */
export async function announce(queries: Pick<Queries, 'query'>, table: string): Promise<void> {
  await queries.query(`SELECT pg_notify(left('outbox_' || $1::text, 63), '${risen}')`, [table]);
}
