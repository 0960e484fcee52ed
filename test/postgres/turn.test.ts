// What only PostgreSQL's turn shows: it is one transaction whatever it takes, relayers side by side never get the same event nor wait for
// each other for ever, and a look that finds nothing writes nothing.
import { expect, onTestFinished, test } from 'vitest';
import { turnStatements } from '../../apps/outbox/postgres/turn-statements.ts';
import type { ClaimRequest, Settlement } from '../../apps/outbox/store.ts';
import { waitFor } from '../helpers.ts';
import { describeOnPostgres, newOutbox, postgresRow } from '../postgres-database.ts';
import { claimer, claimOne, leaseMs, settlementsOf, startMs } from '../store-contract-steps.ts';
import { postgresStoreOn } from './contract-database.ts';

const claimRequest: ClaimRequest = {
  slots: 2,
  leaseId: '00:test:turn',
  leaseEndsAtMs: startMs + leaseMs,
  dueByMs: startMs,
  exceptSeqs: [],
};

async function outbox(events: number) {
  const { url, client } = await newOutbox();
  await client.query(
    `INSERT INTO events (business_id, event_type, payload) SELECT 'acme', 'x', '{}' FROM generate_series(1, $1)`,
    [events],
  );
  const open = () => {
    const store = postgresStoreOn(url);
    onTestFinished(() => store.close());
    return store;
  };
  return { client, open };
}

describeOnPostgres('on PostgreSQL,', () => {
  test.each([
    { broken: 'the second of two settlements', when: `NEW.last_error = 'HTTP 400: no'` },
    { broken: 'the claim after the settlements', when: `NEW.lease_id = '00:test:turn'` },
  ])('a turn that fails in $broken has done nothing at all', async ({ when }) => {
    const { client, open } = await outbox(6);
    const store = open();
    const [first, second] = await claimer(store)({ slots: 2 });
    if (first === undefined || second === undefined) throw new Error('nothing was claimed');
    await client.query(`
      CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'injected'; END $$;
      CREATE TRIGGER fault BEFORE UPDATE ON events FOR EACH ROW WHEN (${when}) EXECUTE FUNCTION fault()`);
    const rows = async () => (await client.query('SELECT * FROM events ORDER BY seq')).rows;
    const before = await rows();
    for (const retryAtMs of [startMs + 5_000, startMs]) {
      const retry = { ...settlementsOf(second).retry, availableAtMs: retryAtMs };
      const turn = {
        settlements: [settlementsOf(first).processed, retry],
        claim: claimRequest,
        nowMs: startMs,
      };
      await expect(store.turn(turn)).rejects.toThrow('injected');
      expect(await rows()).toEqual(before);
    }
  });

  test('what a turn makes due at once, the same turn may claim', async () => {
    const { open } = await outbox(1);
    const store = open();
    const { unsent } = settlementsOf(await claimOne(store));
    const { claimed } = await store.turn({ settlements: [unsent], claim: claimRequest, nowMs: startMs });
    expect(claimed).toMatchObject([{ seq: unsent.seq, leaseId: claimRequest.leaseId, claims: 1 }]);
  });

  test('a turn with nothing due writes nothing', async () => {
    const { client } = await outbox(0);
    await client.query('BEGIN');
    await client.query(turnStatements.claim, ['00:a:1', startMs, startMs, [], 9]);
    const { rows } = await client.query('SELECT pg_current_xact_id_if_assigned() AS id');
    expect(rows).toEqual([{ id: null }]);
    await client.query('COMMIT');
  });

  test('a claim does not wait for an event that somebody has locked, and takes the others', async () => {
    const { client, open } = await outbox(3);
    await client.query('BEGIN; SELECT 1 FROM events WHERE seq = 1 FOR UPDATE');
    expect((await claimer(open())()).map(({ seq }) => seq)).toEqual([2, 3]);
    await client.query('ROLLBACK');
  });

  test('a takeover waits for the last statement of the dead relayer, and leaves what that has settled', async () => {
    const { client, open } = await outbox(2);
    await claimer(open(), '00')();
    await client.query(`
      BEGIN; UPDATE events SET status = 'processed', lease_id = NULL, processed_at = now(), gateway = 'g' WHERE seq = 1`);
    const takeover = open().takeOver({ slot: '00', nowMs: startMs });
    await waitFor('the takeover to wait', async () => {
      const waiting = `SELECT 1 FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid`;
      return (await client.query(waiting)).rows.length === 1;
    });
    await client.query('COMMIT');
    expect(await takeover).toBe(1);
    expect((await postgresRow(client, 1))?.status).toBe('processed');
  });

  test('an answer that holds what PostgreSQL cannot store still settles its event', async () => {
    const { client, open } = await outbox(2);
    const store = open();
    const [first, second] = await claimer(store)();
    if (first === undefined || second === undefined) throw new Error('nothing was claimed');
    const error = 'HTTP 500: \0 and \ud83d "quoted" {a,b} \\ NULL';
    await store.turn({
      settlements: [
        { ...settlementsOf(first).dead, error },
        { ...settlementsOf(second).released, error: 'NULL' },
      ],
      claim: null,
      nowMs: startMs,
    });
    const stored = error.replace('\0', '\ufffd').replace('\ud83d', '\ufffd');
    expect((await postgresRow(client, first.seq))?.last_error).toBe(stored);
    expect((await postgresRow(client, second.seq))?.last_error).toBe('NULL');
    expect(await store.lastLogged('dead', { error })).toEqual({ error: stored });
  });

  test('a settlement that comes too late for some of its events is on record, and settles the others', async () => {
    const { open } = await outbox(3);
    const store = open();
    const events = await claimer(store)();
    const [first, second, third] = events.map((event) => settlementsOf(event).processed);
    if (first === undefined || second === undefined || third === undefined)
      throw new Error('nothing was claimed');
    const settlements: Settlement[] = [third, { ...second, leaseId: '00:other:1' }, first, second];
    const { lost } = await store.turn({ settlements, claim: claimRequest, nowMs: startMs });
    expect(lost).toEqual([settlements[1]]);
    expect(await store.lastLogged('fenced')).toEqual({ events: 1 });
    expect((await store.counts()).processed).toBe(3);
  });

  test('relayers side by side, with takeovers and ended leases among them, settle every event once and never block', async () => {
    const { client, open } = await outbox(400);
    await client.query(
      `UPDATE events SET lease_id = '07:dead:1', claims = 1, available_at = $1 WHERE seq % 20 = 0`,
      [startMs + leaseMs],
    );
    const settled: number[] = [];
    const relayer = async ({ slot, leaseEndsAtMs }: { slot: string; leaseEndsAtMs: number }) => {
      const store = open();
      let answers: Settlement[] = [];
      for (let n = 0; n < 1_000; n++) {
        const claim = { ...claimRequest, slots: 7, leaseId: `${slot}:test:${n}`, leaseEndsAtMs };
        const [{ lost, claimed }] = await Promise.all([
          store.turn({ settlements: answers.toReversed(), claim, nowMs: startMs }),
          store.takeOver({ slot: '07', nowMs: startMs }),
          store.promote({ nowMs: startMs, limit: 5 }),
        ]);
        if (leaseEndsAtMs > startMs) expect(lost).toEqual([]);
        settled.push(...answers.filter((answer) => !lost.includes(answer)).map(({ seq }) => seq));
        if (claimed.length === 0 && answers.length === 0) return;
        // Every fifth is given back once, so that both ways through a turn are taken.
        answers = claimed.map((event) =>
          event.seq % 5 === 0 && event.attempts === 0
            ? { ...settlementsOf(event).retry, availableAtMs: startMs }
            : settlementsOf(event).processed,
        );
      }
    };
    // The leases of the third end as they begin: what it holds, the others may take.
    await Promise.all([
      relayer({ slot: '00', leaseEndsAtMs: startMs + leaseMs }),
      relayer({ slot: '01', leaseEndsAtMs: startMs + leaseMs }),
      relayer({ slot: '02', leaseEndsAtMs: startMs }),
    ]);
    expect(settled).toHaveLength(400 + 80);
    const { rows } = await client.query('SELECT status, count(*) AS events FROM events GROUP BY status');
    expect(rows).toEqual([{ status: 'processed', events: 400 }]);
  });
});
