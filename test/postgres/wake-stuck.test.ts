// A relayer that holds the lock of whoever sleeps and stands still: another ends its session, since writers would wait for each other for as
// long as it does. Sessions, locks and notifications are real; the time is the test's.
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { FakeClock } from '../fake-clock.ts';
import { waitFor } from '../helpers.ts';
import { asNobody, describeOnPostgres } from '../postgres-database.ts';
import { relayerOn, scene, untilItTries } from './sleeper.ts';

/** Writers that commit side by side, slowly enough to wait for each other whenever they notify, until the test is over. */
function writeTogether(outbox: Awaited<ReturnType<typeof scene>>): void {
  let isDone = false;
  const writers = Array.from({ length: 8 }, async () => {
    const client = new pg.Client({ connectionString: outbox.url });
    await client.connect();
    await client.query('SET commit_delay = 10000; SET commit_siblings = 0');
    while (!isDone) await outbox.insert(client);
    await client.end();
  });
  onTestFinished(async () => {
    isDone = true;
    await Promise.all(writers);
  });
}

describeOnPostgres('a relayer', () => {
  test.each([
    ['which is ended by another', true],
    ['which nobody may end: said once', false],
  ])('that stands still while writers wait for each other, %s', async (_, mayEnd) => {
    const outbox = await scene();
    const holder = new pg.Client({ connectionString: outbox.url });
    await holder.connect();
    let isEnded = false;
    holder.on('error', () => {
      isEnded = true;
    });
    onTestFinished(() => holder.end());
    await holder.query(
      `SELECT pg_advisory_lock(hashtext('outbox:' || current_schema() || '.' || $1::text), 65)`,
      [outbox.table],
    );
    const clock = new FakeClock();
    const { role, url } = await asNobody(outbox);
    await outbox.client.query(`GRANT SELECT ON "${outbox.table}" TO ${role}`);
    const other = await relayerOn(mayEnd ? outbox : { ...outbox, url }, clock);
    await untilItTries(other, clock);
    await clock.advance(100);
    await other.becomes('dozing');
    writeTogether(outbox);
    const told = async () => {
      const { looks } = other;
      await waitFor('it is told', () => other.looks > looks);
      await clock.advance(500);
    };
    if (mayEnd) {
      await waitFor('it is ended', () => told().then(() => isEnded));
      // By then it may be asleep again, with the lock that it had ended the other for.
      await waitFor('it rises', () => other.wake.state !== 'dozing');
    } else {
      await waitFor('it is said', () => told().then(() => other.stuck.length > 0));
      for (let n = 0; n < 8; n++) await told();
      expect([other.wake.state, isEnded]).toEqual(['dozing', false]);
    }
    expect(other.stuck).toEqual([mayEnd]);
  });
});
