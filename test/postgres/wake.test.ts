// Sleeping and being told on PostgreSQL: whoever sleeps misses no commit, and where writers wait for each other to tell it, nobody sleeps.
// Sessions, locks and notifications are real; the time is the test's, where it matters when something happens.
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { type Clock, systemClock } from '../../apps/outbox/clock.ts';
import { connectPostgres } from '../../apps/outbox/postgres/connection.ts';
import { sessionKeeper } from '../../apps/outbox/postgres/session-keeper.ts';
import { Wake } from '../../apps/outbox/postgres/wake.ts';
import { announce } from '../../apps/outbox/postgres/wake-lock.ts';
import { FakeClock } from '../fake-clock.ts';
import { waitFor } from '../helpers.ts';
import { asNobody, describeOnPostgres, insertPostgresEvent, newOutbox } from '../postgres-database.ts';

/** Its own table, since all schemas of a database share the channel of a table's name. */
async function scene() {
  const table = `wakes_${randomBytes(6).toString('hex')}`;
  const made = await newOutbox(table);
  const insert = (client = made.client) => insertPostgresEvent(client, {}, table);
  return { ...made, table, insert };
}

type Scene = Awaited<ReturnType<typeof scene>>;

/** A relayer as far as it sleeps and looks: a look reads what is there and it has not seen yet. */
async function relayerOn({ url, table }: Scene, clock: Clock) {
  const connection = connectPostgres({
    ...{ url, table, applicationName: 'test', synchronousCommit: 'off' as const, connections: 2 },
  });
  const wake = new Wake({ table, clock, announce: () => void announce(connection, table).catch(() => {}) });
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
    ...{ wake, keeper, seen, applicationName },
    get looks() {
      return looks;
    },
    /** Resolves once the looks that have begun are done. */
    quiet: () => looking,
    becomes: (state: Wake['state']) => waitFor(`it is ${state}`, () => wake.state === state),
  };
}

type Relayer = Awaited<ReturnType<typeof relayerOn>>;

const endSession = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1`;

/** Nothing has come for so long that it tries to sleep next. */
async function untilItTries(relayer: Relayer, clock: FakeClock): Promise<void> {
  await relayer.quiet();
  while (relayer.looks < 6) {
    await clock.advance(1);
    await relayer.quiet();
  }
}

describeOnPostgres('a relayer that sleeps', () => {
  test('is told of each commit, and of nothing that is rolled back', async () => {
    const outbox = await scene();
    const relayer = await relayerOn(outbox, systemClock);
    await relayer.becomes('asleep');
    await outbox.client.query('BEGIN');
    const rolledBack = await outbox.insert();
    await outbox.client.query('ROLLBACK');
    const seq = await outbox.insert();
    await waitFor('it is found', () => relayer.seen.has(seq));
    expect(relayer.seen.has(rolledBack)).toBe(false);
    expect(relayer.wake.state).toBe('asleep');
  });

  test('has looked once more: what was committed after its last look and before it slept is found', async () => {
    const outbox = await scene();
    const clock = new FakeClock();
    const relayer = await relayerOn(outbox, clock);
    await untilItTries(relayer, clock);
    // Told to nobody: it is still awake.
    const seq = await outbox.insert();
    expect(relayer.seen.has(seq)).toBe(false);
    await clock.advance(100);
    await relayer.becomes('asleep');
    await waitFor('it is found', () => relayer.seen.has(seq));
  });

  test('could not while a transaction that tells nobody was under way', async () => {
    const outbox = await scene();
    const clock = new FakeClock();
    const relayer = await relayerOn(outbox, clock);
    await outbox.client.query('BEGIN');
    const seq = await outbox.insert();
    await waitFor('it has looked often', async () => {
      await clock.advance(32);
      return relayer.looks > 20;
    });
    expect(relayer.wake.state).toBe('awake');
    await outbox.client.query('COMMIT');
    await waitFor('it sleeps', async () => {
      await clock.advance(32);
      return relayer.wake.state === 'asleep';
    });
    await waitFor('it is found', () => relayer.seen.has(seq));
    const next = await outbox.insert();
    await waitFor('the next is told', () => relayer.seen.has(next));
  });

  test('holds nothing once its session is lost, and sleeps again in a new one', async () => {
    const outbox = await scene();
    const relayer = await relayerOn(outbox, systemClock);
    await relayer.becomes('asleep');
    await outbox.client.query(endSession, [relayer.applicationName]);
    await relayer.becomes('deaf');
    const seq = await outbox.insert();
    await relayer.keeper.current();
    await relayer.becomes('asleep');
    await waitFor('what nobody told is found', () => relayer.seen.has(seq));
    const next = await outbox.insert();
    await waitFor('the next is told', () => relayer.seen.has(next));
  });

  test('is told by a role that may append and nothing else', async () => {
    const outbox = await scene();
    const { role, url } = await asNobody(outbox);
    await outbox.client.query(`
      GRANT INSERT, SELECT ON "${outbox.table}" TO ${role}; GRANT USAGE ON SEQUENCE "${outbox.table}_seq_seq" TO ${role}`);
    const relayer = await relayerOn(outbox, systemClock);
    await relayer.becomes('asleep');
    const application = new pg.Client({ connectionString: url });
    await application.connect();
    onTestFinished(() => application.end());
    const seq = Number(await outbox.insert(application));
    await waitFor('it is found', () => relayer.seen.has(seq));
  });
});

describeOnPostgres('of several relayers', () => {
  test('one holds the lock, all are told, and another sleeps in its place soon after it has died', async () => {
    const outbox = await scene();
    const holder = await relayerOn(outbox, systemClock);
    await holder.becomes('asleep');
    const clock = new FakeClock();
    const other = await relayerOn(outbox, clock);
    await untilItTries(other, clock);
    await clock.advance(100);
    await other.becomes('dozing');
    const seq = await outbox.insert();
    await waitFor('both find it', () => holder.seen.has(seq) && other.seen.has(seq));
    await outbox.client.query(endSession, [holder.applicationName]);
    await holder.becomes('deaf');
    const untold = await outbox.insert();
    await clock.advance(1_000);
    await other.becomes('asleep');
    await waitFor('it is found', () => other.seen.has(untold));
  });

  test('none sleeps while writers wait for each other, and one does when they are done', async () => {
    const outbox = await scene();
    const holder = await relayerOn(outbox, systemClock);
    await holder.becomes('asleep');
    const other = await relayerOn(outbox, systemClock);
    await other.becomes('dozing');
    let isDone = false;
    const writers = Array.from({ length: 8 }, async () => {
      const client = new pg.Client({ connectionString: outbox.url });
      await client.connect();
      while (!isDone) await outbox.insert(client);
      await client.end();
    });
    await waitFor('both are awake', () => holder.wake.state === 'awake' && other.wake.state === 'awake');
    isDone = true;
    await Promise.all(writers);
    const states = () => [holder.wake.state, other.wake.state].toSorted().join(', ');
    await waitFor('one sleeps and one dozes', () => states() === 'asleep, dozing');
    const { rows } = await outbox.client.query(`SELECT seq FROM ${outbox.table}`);
    for (const { seen } of [holder, other])
      await waitFor('all are found', () => rows.every(({ seq }) => seen.has(seq)));
  });
});
