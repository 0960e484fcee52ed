// Sleeping and being told on PostgreSQL: whoever sleeps misses no commit, and where writers wait for each other to tell it, nobody sleeps.
// Sessions, locks and notifications are real; the time is the test's, where it matters when something happens.
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../apps/outbox/clock.ts';
import type { Session } from '../../apps/outbox/postgres/session.ts';
import { Wake } from '../../apps/outbox/postgres/wake.ts';
import { FakeClock } from '../fake-clock.ts';
import { waitFor } from '../helpers.ts';
import { asleepOn, asNobody, describeOnPostgres } from '../postgres-database.ts';
import { relayerOn, scene, untilItTries } from './sleeper.ts';

const endSession = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1`;

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
    await clock.advance(4_000);
    await other.becomes('asleep');
    await waitFor('it is found', () => other.seen.has(untold));
  });

  test('one that dozes asks again, though a question of its was not answered', async () => {
    const clock = new FakeClock();
    let rest = 'held by another';
    let isSilent = false;
    // A real session that leaves a question unanswered is ended, and another begins.
    const session: Session = {
      async query<Row>() {
        if (isSilent) throw new Error('no answer');
        return [{ rest } as Row];
      },
      ended: new Promise(() => {}),
      async end() {},
    };
    const wake = new Wake({ table: 'events', announce: () => {}, onStuckHolder: () => {}, clock });
    wake.began(session);
    onTestFinished(wake.watch(() => queueMicrotask(() => wake.looked(false))));
    await clock.advance(100);
    expect(wake.state).toBe('dozing');
    isSilent = true;
    await clock.advance(4_000);
    isSilent = false;
    rest = 'held';
    await clock.advance(4_000);
    expect(wake.state).toBe('asleep');
  });

  test('one that is told of the rising of another just when it tries to sleep goes on looking', async () => {
    const outbox = await scene();
    await asleepOn(outbox.url, outbox.table);
    const clock = new FakeClock();
    const relayer = await relayerOn(outbox, clock);
    await untilItTries(relayer, clock);
    clock.after(8, () => relayer.wake.told('risen'));
    await clock.advance(8);
    const { looks } = relayer;
    await waitFor('it looks on', async () => {
      await clock.advance(1);
      await relayer.quiet();
      return relayer.looks > looks + 3;
    });
    expect(clock.monotonicMs()).toBeLessThan(2_000);
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
