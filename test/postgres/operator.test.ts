// The whole life of events on PostgreSQL as a person sees it and decides on it: status, list, show, redrive, discard, prune, as processes.
import { expect, test, vi } from 'vitest';
import { isoText } from '../../apps/outbox/clock.ts';
import { spawnNode, waitFor } from '../helpers.ts';
import { outbox, outboxJson, outboxScript, outboxWith } from '../operator-command.ts';
import { describeOnPostgres, insertPostgresEvent, newOutbox } from '../postgres-database.ts';

// Each case starts several processes: a second altogether, and many on a machine that is busy.
vi.setConfig({ testTimeout: 60_000 });

const dead = { status: 'dead', attempts: 10, last_error: 'HTTP 413: too large' };
const longAgo = isoText(Date.UTC(2026, 0, 1));
const done = {
  status: 'processed',
  processed_at: longAgo,
  confirmed_at: longAgo,
  gateway: 'https://a.test/p',
};

async function stocked() {
  const { client, url } = await newOutbox();
  return {
    ...{ client, url },
    insert: (columns: object) => insertPostgresEvent(client, columns),
    async statuses() {
      const { rows } = await client.query(
        `SELECT json_object_agg(status, events) AS all FROM (SELECT status, count(*) AS events FROM events GROUP BY 1) AS each`,
      );
      return rows[0]?.all as { readonly pending?: number };
    },
  };
}

describeOnPostgres('the command line on PostgreSQL', () => {
  test('tells how the outbox is, lists, and shows one event', async () => {
    const { url, client, insert } = await stocked();
    await insert({ id: 'abc', payload: '{"secret":1}' });
    await insert({ id: 'bad', ...dead, business_id: 'other' });
    const holder = spawnNode('test/fixtures/postgres-slot-holder.mjs', [url]);
    await waitFor('the relayer to hold its slot', () => holder.stdout.includes('held 00'));
    await client.query(
      `INSERT INTO outbox_log (kind, detail) VALUES ('relayer_started', '{"slot":"00","pid":77}')`,
    );
    const run = (...args: readonly string[]) => outboxWith({ DATABASE_URL: url }, ...args);
    const [status, json, list, show] = await Promise.all([
      run('status'),
      run('status', '--json'),
      run('list', '--state', 'dead', '--json'),
      run('show', 'abc'),
    ]);
    expect(status.stdout).toMatch(/^database +postgres:\/\/.* old row versions for vacuum \d+$/m);
    expect(status.stdout).toMatch(/^relayers +1 alive: 00 \(pid 77, for /m);
    expect(status.stdout).not.toMatch(/WAL/);
    expect(JSON.parse(json.stdout)).toMatchObject({
      counts: { pending: 1, leased: 0, processed: 0, dead: 1, discarded: 0 },
      walBytes: null,
      database: { name: expect.stringMatching(/^postgres:/), bytes: expect.any(Number) },
      relayers: [{ slot: '00', pid: 77 }],
    });
    expect(JSON.parse(list.stdout).events).toMatchObject([{ id: 'bad', businessId: 'other' }]);
    expect(show.stdout).toMatch(/^state +due$/m);
    expect(show.stdout).not.toContain('secret');
  });

  test('shows what it would do, does it once, and lets a redrive take a discard back', async () => {
    const { url, client, insert, statuses } = await stocked();
    for (const id of ['a', 'b', 'c']) await insert({ id, ...dead });
    expect(outboxJson(url, 'redrive', '--dead', '--dry-run')).toMatchObject({ dryRun: true, events: 3 });
    const refused = outbox(url, 'redrive', '--dead');
    expect([refused.status, refused.stderr]).toEqual([2, expect.stringMatching(/^Are 3 events .* --yes/)]);
    expect(await statuses()).toEqual({ dead: 3 });
    expect(outbox(url, 'redrive', 'a')).toMatchObject({ status: 0, stdout: '1 event pending again\n' });
    expect(outbox(url, 'discard', '--state', 'dead', '--reason', 'test data', '--yes')).toMatchObject({
      stdout: '2 events discarded\n',
    });
    expect(outbox(url, 'redrive', 'b').status).toBe(0);
    expect(await statuses()).toEqual({ pending: 2, discarded: 1 });
    const { rows } = await client.query('SELECT kind, detail FROM outbox_log ORDER BY id');
    expect(rows.map(({ kind, detail }) => [kind, JSON.parse(detail).events])).toEqual([
      ['redriven', 1],
      ['discarded', 2],
      ['redriven', 1],
    ]);
  });

  test('prunes what is old and confirmed, and keeps the rest', async () => {
    const { url, client, insert, statuses } = await stocked();
    await client.query(
      `INSERT INTO events (business_id, event_type, payload, status, processed_at, confirmed_at)
       SELECT 'acme', 'x', '{}', 'processed', $1, $1 FROM generate_series(1, 450)`,
      [longAgo],
    );
    await insert({ ...done, confirmed_at: null });
    await insert(dead);
    expect(outboxJson(url, 'prune', '--older-than', '1h', '--dry-run')).toEqual({
      ...{ dryRun: true, events: 450, kept: 1 },
    });
    expect(outbox(url, 'prune', '--older-than', '1h', '--yes').stdout).toMatch(/^450 events deleted\n/);
    expect(await statuses()).toEqual({ processed: 1, dead: 1 });
  });

  test('a redrive keeps to its rate, and Ctrl-C ends it between two steps', async () => {
    const { url, client, statuses } = await stocked();
    await client.query(
      `INSERT INTO events (business_id, event_type, payload, status) SELECT 'acme', 'x', '{}', 'dead' FROM generate_series(1, 300)`,
    );
    const env = { ...process.env, DATABASE_URL: url };
    const redrive = spawnNode(outboxScript, ['redrive', '--dead', '--yes', '--rate', '20', '--json'], {
      env,
    });
    await waitFor('the first events', async () => (await statuses()).pending);
    redrive.child.kill('SIGINT');
    expect(await redrive.exited).toBe(130);
    const { pending = 0 } = await statuses();
    expect(JSON.parse(redrive.stdout)).toEqual({ dryRun: false, events: pending, interrupted: true });
    expect(pending).toBeLessThan(200);
  });

  test('what a person decided waits for the disk, whatever the role would have it do', async () => {
    const { url, client, insert } = await stocked();
    await insert({ id: 'a', ...dead });
    await client.query(`
      CREATE FUNCTION spy() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO seen VALUES (current_setting('synchronous_commit'));
        RETURN NULL;
      END $$;
      CREATE TABLE seen (level text);
      CREATE TRIGGER spy AFTER UPDATE ON events FOR EACH STATEMENT EXECUTE FUNCTION spy()`);
    const off = new URL(url);
    off.searchParams.set('options', `${off.searchParams.get('options')} -c synchronous_commit=off`);
    expect(outbox(off.href, 'redrive', 'a').status).toBe(0);
    expect((await client.query('SELECT DISTINCT level FROM seen')).rows).toEqual([{ level: 'on' }]);
  });
});
