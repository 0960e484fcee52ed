// The relayer as people run it, on PostgreSQL: the built application in processes of its own, each test in a schema of its own. Nobody
// polls and no lease ends within a test, so what is delivered was told by NOTIFY, or taken over.
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import type { SpawnedNode } from '../helpers.ts';
import { waitFor } from '../helpers.ts';
import {
  accept,
  keysAt,
  type PlainConvoy,
  startBuiltRelayer,
  startPlainConvoy,
  variablesFor,
} from '../plain-convoy.ts';
import { describeOnPostgres, insertPostgresEvent, newOutbox, postgresRow } from '../postgres-database.ts';

type Outbox = Awaited<ReturnType<typeof newOutbox>>;

async function scene() {
  const outbox = await newOutbox();
  const convoy = await startPlainConvoy();
  const start = (args: readonly string[] = []) =>
    startBuiltRelayer({ DATABASE_URL: outbox.url, ...variablesFor(convoy) }, ['--lease', '60s', ...args]);
  return { ...outbox, convoy, start };
}

async function runs(relayer: SpawnedNode): Promise<void> {
  await waitFor('it runs', () => relayer.stdout.includes('relayer started'));
}

async function insertSome(client: pg.Client, count: number): Promise<void> {
  await client.query(
    `INSERT INTO events (business_id, event_type, payload) SELECT 'acme', 'invoice.created', '{"n":1}' FROM generate_series(1, $1)`,
    [count],
  );
}

async function drained(client: pg.Client): Promise<void> {
  await waitFor('everything to be processed', async () => {
    const { rows } = await client.query(`SELECT 1 FROM events WHERE status <> 'processed' LIMIT 1`);
    return rows.length === 0;
  });
}

function repeats(convoy: PlainConvoy): number {
  return keysAt(convoy).length - new Set(keysAt(convoy)).size;
}

/** A second connection, whose locks are relayer slots that nobody else gets. */
async function slotThief({ url }: Outbox) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  onTestFinished(() => client.end());
  const ask = (what: string, number: number) =>
    client.query(`SELECT ${what}(hashtext('outbox:' || current_schema() || '.events'), $1)`, [number]);
  return {
    waitFor: (number: number) => ask('pg_advisory_lock', number),
    giveBack: (number: number) => ask('pg_advisory_unlock', number),
  };
}

/** Ends the session of whoever holds the slot. */
const endHolder = `
  SELECT pg_terminate_backend(pid) FROM pg_locks
   WHERE locktype = 'advisory' AND granted AND objid = $1 AND objsubid = 2
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
     AND classid::bigint = (hashtext('outbox:' || current_schema() || '.events')::bigint & 4294967295)`;

describeOnPostgres('a relayer process on PostgreSQL', () => {
  test('delivers what waits, then what a plain INSERT commits, not what is rolled back, and stops on SIGTERM', async () => {
    const { client, url, convoy, start } = await scene();
    await insertSome(client, 50);
    const relayer = start();
    await drained(client);
    for (let n = 1; n <= 5; n++) {
      await insertPostgresEvent(client);
      await drained(client);
      expect(keysAt(convoy)).toHaveLength(50 + n);
    }
    await client.query('BEGIN');
    const rolledBack = await insertPostgresEvent(client);
    await client.query('ROLLBACK');
    relayer.child.kill('SIGTERM');
    expect(await relayer.exited).toBe(0);
    const { rows } = await client.query<{ id: string }>('SELECT id FROM events');
    expect(keysAt(convoy).toSorted()).toEqual(rows.map(({ id }) => id).toSorted());
    expect(await postgresRow(client, rolledBack)).toBeNull();
    expect(relayer.stdout).toContain(`database=postgres://${new URL(url).username}@`);
    expect(relayer.stdout + relayer.stderr).not.toContain('secret-key');
  });

  test('that is killed is followed at once: its successor redelivers what it held', async () => {
    const { client, convoy, start } = await scene();
    convoy.answer = () => {};
    await insertSome(client, 10);
    const first = start(['--concurrency', '4']);
    await waitFor('four events in flight', () => keysAt(convoy).length === 4);
    first.child.kill('SIGKILL');
    await first.exited;
    convoy.answer = accept;
    const second = start();
    await drained(client);
    expect(repeats(convoy)).toBe(4);
    await waitFor('it says so', () =>
      /took over the events of a relayer that died.*slot=00.*events=4/.test(second.stdout),
    );
  });

  test('that is killed is taken over by another that runs beside it, long before its leases end', async () => {
    const { client, convoy, start } = await scene();
    convoy.answer = () => {};
    await insertSome(client, 4);
    const first = start(['--concurrency', '4']);
    await waitFor('four events in flight', () => keysAt(convoy).length === 4);
    // The poll timer is when it looks for dead relayers.
    const second = start(['--poll-interval', '100ms']);
    await runs(second);
    convoy.answer = accept;
    first.child.kill('SIGKILL');
    await drained(client);
    expect(repeats(convoy)).toBe(4);
    expect(second.stdout).toMatch(/relayer started.*slot=01/);
    await waitFor('it says so', () =>
      /took over the events of a relayer that died.*slot=00.*events=4/.test(second.stdout),
    );
  });

  test('whose session is ended says so, claims nothing without a slot, takes another and goes on', async () => {
    const outbox = await scene();
    const { client, convoy, start } = outbox;
    const relayer = start();
    await runs(relayer);
    const thief = await slotThief(outbox);
    for (let number = 1; number < 64; number++) await thief.waitFor(number);
    const stolen = thief.waitFor(0);
    await client.query(endHolder, [0]);
    await stolen;
    await waitFor('it finds no slot', () => relayer.stdout.includes('no relayer slot yet'));
    const seq = await insertPostgresEvent(client);
    expect(relayer.stdout).toMatch(/relayer slot lost, claiming nothing until another is held.*slot=00/);
    expect(await postgresRow(client, seq)).toMatchObject({ status: 'pending', lease_id: null, claims: 0 });
    await thief.giveBack(7);
    await drained(client);
    await waitFor('it says so', () => /another relayer slot is held.*slot=07/.test(relayer.stdout));
    expect(keysAt(convoy)).toHaveLength(1);
    relayer.child.kill('SIGTERM');
    expect(await relayer.exited).toBe(0);
  });

  test('whose session is ended while events are in flight gets its old slot again and sends none of them twice', async () => {
    const { client, convoy, start } = await scene();
    const answers: (() => void)[] = [];
    convoy.answer = (response, request) => void answers.push(() => accept(response, request));
    await insertSome(client, 4);
    const relayer = start(['--concurrency', '4', '--poll-interval', '50ms']);
    await waitFor('four events in flight', () => answers.length === 4);
    await client.query(endHolder, [0]);
    await waitFor('it holds the slot again', () =>
      /another relayer slot is held.*slot=00/.test(relayer.stdout),
    );
    convoy.answer = accept;
    for (const answer of answers) answer();
    await drained(client);
    expect(repeats(convoy)).toBe(0);
    expect(relayer.stdout).not.toContain('took over');
    expect(relayer.stdout).not.toContain('leases lost');
  });

  test('gives back what is in flight when its drain ends', async () => {
    const { client, convoy, start } = await scene();
    convoy.answer = () => {};
    const seq = await insertPostgresEvent(client);
    const relayer = start(['--drain-timeout', '100ms']);
    await waitFor('the event in flight', () => keysAt(convoy).length === 1);
    relayer.child.kill('SIGTERM');
    expect(await relayer.exited).toBe(0);
    expect(await postgresRow(client, seq)).toMatchObject({
      ...{ status: 'pending', lease_id: null, claims: 0, attempts: 0 },
    });
  });
});
