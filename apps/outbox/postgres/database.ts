// Opens an outbox on PostgreSQL for a relayer and joins what PostgreSQL offers to the seam of all engines: a pool for the store, one
// session for locks and wakes, the server's time.
import { systemClock } from '../clock.ts';
import { troubleOf } from '../judge-trouble.ts';
import { errorText, type Log } from '../log.ts';
import type { OutboxDatabase } from '../outbox-database.ts';
import type { OutboxStore } from '../store.ts';
import { thisProcess } from '../this-process.ts';
import { type PostgresAddress, postgresAddress } from './address.ts';
import { atMost, longestEndMs } from './at-most.ts';
import { connectPostgres, type PostgresConnection } from './connection.ts';
import { isPooledByTransaction } from './pooler.ts';
import { preparePostgres } from './prepare.ts';
import { describePostgresError } from './refusal.ts';
import { keepAdjusted, serverClock } from './server-clock.ts';
import { type SessionKeeper, sessionKeeper } from './session-keeper.ts';
import { locklessSlots, postgresSlots } from './slots.ts';
import { postgresStore } from './store.ts';
import { Wake } from './wake.ts';
import { announce } from './wake-lock.ts';

export interface PostgresOutboxOptions {
  /** As DATABASE_URL has it. */
  readonly url: string;
  readonly table: string;
  readonly log: Log;
}

/** With its process id: who looks into pg_stat_activity sees which relayer a connection belongs to. */
const applicationName = `outbox-relayer ${thisProcess.pid}`;

/** Brings the schema up to date, or rejects with an OutboxError that says why it is not fit. */
export async function openPostgresOutbox(options: PostgresOutboxOptions): Promise<OutboxDatabase> {
  const { table, log } = options;
  const address = postgresAddress(options.url);
  const { url, shown: name } = address;
  const explained = (error: unknown) =>
    troubleOf(error) === null ? error : describePostgresError(address, error);
  const isPooled = await prepared(options, address);
  const connection = connectPostgres({ url, table, applicationName, isPooled, synchronousCommit: 'off' });
  // Others who are not told look at their poll interval.
  const tellOthers = () => announce(connection, table).catch(() => {});
  const onStuckHolder = (isEnded: boolean) => tellStuck(log, isEnded);
  const wake = new Wake({ table, announce: tellOthers, onStuckHolder, clock: systemClock });
  const keeper = sessionKeeper(
    {
      ...{ url, applicationName, channel: `outbox_${table}`, clock: systemClock },
      onSilence: () => connection.renew(),
    },
    wake,
  );
  const clock = serverClock(connection, systemClock);
  // Whoever needs the session next is told if it could not be opened.
  const opening = isPooled ? Promise.resolve() : keeper.current().catch(() => {});
  try {
    await clock.adjust();
    await opening;
  } catch (error) {
    await Promise.all([keeper.close(), connection.close()]);
    throw explained(error);
  }
  if (isPooled) {
    log.warn(
      'a proxy pools connections by transaction: no wakes and no takeover, leases of a dead relayer run out',
      {
        check: 'give the relayer a URL of the server itself, or of a pool by session',
      },
    );
  }
  const stopAdjusting = keepAdjusted(clock, (error) => {
    log.debug("the server's time could not be asked for", { reason: errorText(error) });
  });
  const slots = isPooled ? locklessSlots() : postgresSlots({ name, table, session: keeper.current });
  return {
    ...{ engine: 'postgres', name, clock, slots, store: tellingOfLooks(postgresStore(connection), wake) },
    facts: () => factsOf(connection, isPooled),
    watch: (woken) => (isPooled ? () => {} : watch({ wake, keeper, onChange: () => woken.wake(), log })),
    tidyUp: async () => true,
    assertSame() {},
    explained,
    async close() {
      stopAdjusting();
      const wasAsleep = wake.state === 'asleep';
      await keeper.close();
      if (wasAsleep) await atMost(longestEndMs, tellOthers());
      await connection.close();
    },
  };
}

/**
 * Brings the schema up to date and returns whether connections are pooled. Side by side: a connection takes longer to be made than what is asked
 * over it, and this needs three. What is wrong with the database is told first.
 */
async function prepared({ url, table }: PostgresOutboxOptions, address: PostgresAddress): Promise<boolean> {
  const pooled = isPooledByTransaction(address.url);
  pooled.catch(() => {});
  await preparePostgres(url, { outboxTable: table });
  return pooled.catch((error: unknown) => {
    throw describePostgresError(address, error);
  });
}

async function factsOf(connection: PostgresConnection, isPooled: boolean) {
  const [row] = await connection.query<{ version: string; commit: string }>(
    `SELECT current_setting('server_version') AS version, current_setting('synchronous_commit') AS commit`,
  );
  return {
    ...thisProcess,
    postgres: row?.version ?? 'unknown',
    synchronous_commit: row?.commit ?? 'unknown',
    pooled: isPooled ? 'by transaction' : 'no',
  };
}

/** A claim is a look: while the relayer is awake, the next follows it. */
function tellingOfLooks(store: OutboxStore, wake: Wake): OutboxStore {
  return {
    ...store,
    async turn(request) {
      const result = await store.turn(request);
      if (request.claim !== null) wake.looked(result.claimed.length > 0);
      return result;
    },
  };
}

function tellStuck(log: Log, isEnded: boolean): void {
  log.warn(
    'another relayer stands still while writers wait to tell it of their commits',
    isEnded
      ? { done: 'its session was ended' }
      : {
          check:
            'look for a stopped process; to have its session ended give relayers one role, or pg_signal_backend',
        },
  );
}

/** The session may not be open yet, or be lost: then the poll interval is what there is. */
function watch({
  wake,
  keeper,
  onChange,
  log,
}: {
  wake: Wake;
  keeper: SessionKeeper;
  onChange: () => void;
  log: Log;
}): () => void {
  const stop = wake.watch(onChange);
  keeper.current().catch((error: unknown) => {
    log.warn('cannot listen for commits, relying on the poll interval', { reason: errorText(error) });
  });
  return stop;
}
