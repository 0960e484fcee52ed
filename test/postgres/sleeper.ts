// A relayer on PostgreSQL as far as it sleeps and looks, for tests: session, locks and notifications are real, claims are not made.
import { randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { type Clock, systemClock } from '../../apps/outbox/clock.ts';
import { connectPostgres } from '../../apps/outbox/postgres/connection.ts';
import { sessionKeeper } from '../../apps/outbox/postgres/session-keeper.ts';
import { looksBeforeSleep, Wake } from '../../apps/outbox/postgres/wake.ts';
import { announce } from '../../apps/outbox/postgres/wake-lock.ts';
import type { FakeClock } from '../fake-clock.ts';
import { waitFor } from '../helpers.ts';
import { insertPostgresEvent, newOutbox } from '../postgres-database.ts';

/** Its own table, since all schemas of a database share the channel of a table's name. */
export async function scene() {
  const table = `wakes_${randomBytes(6).toString('hex')}`;
  const made = await newOutbox(table);
  const insert = (client = made.client) => insertPostgresEvent(client, {}, table);
  return { ...made, table, insert };
}

type Scene = Awaited<ReturnType<typeof scene>>;

/** A relayer as far as it sleeps and looks: a look reads what is there and it has not seen yet. */
export async function relayerOn({ url, table }: Scene, clock: Clock) {
  const connection = connectPostgres({
    ...{ url, table, applicationName: 'test', synchronousCommit: 'off' as const, connections: 2 },
  });
  const stuck: boolean[] = [];
  const wake = new Wake({
    ...{ table, clock, onStuckHolder: (isEnded) => void stuck.push(isEnded) },
    announce: () => void announce(connection, table).catch(() => {}),
  });
  const applicationName = `wakes-${randomBytes(6).toString('hex')}`;
  const keeper = sessionKeeper(
    { url, applicationName, channel: `outbox_${table}`, clock: systemClock },
    wake,
  );
  onTestFinished(async () => {
    stop();
    await keeper.close();
    await connection.close();
  });
  const seen = new Set<number>();
  let looks = 0;
  let looking: Promise<void> = Promise.resolve();
  const look = async () => {
    const rows = await connection.query<{ seq: number }>('SELECT seq FROM events');
    const fresh = rows.filter(({ seq }) => !seen.has(seq));
    for (const { seq } of fresh) seen.add(seq);
    looks += 1;
    wake.looked(fresh.length > 0);
  };
  await keeper.current();
  const stop = wake.watch(() => {
    looking = looking.then(look).catch(() => {});
  });
  return {
    ...{ wake, keeper, seen, stuck, applicationName },
    get looks() {
      return looks;
    },
    /** Resolves once the looks that have begun are done. */
    quiet: () => looking,
    becomes: (state: Wake['state']) => waitFor(`it is ${state}`, () => wake.state === state),
  };
}

type Relayer = Awaited<ReturnType<typeof relayerOn>>;

/** Nothing has come for so long that it tries to sleep next. */
export async function untilItTries(relayer: Relayer, clock: FakeClock): Promise<void> {
  await relayer.quiet();
  while (relayer.looks < looksBeforeSleep) {
    await clock.advance(1);
    await relayer.quiet();
  }
}
