// The contract of claiming: what is taken, in which order, and what never is.
import { expect, test } from 'vitest';
import {
  type CreateDatabase,
  claimer,
  claimOne,
  leaseMs,
  settle,
  settlementsOf,
  startMs,
} from './store-contract-steps.ts';

const seqsOf = (events: readonly { readonly seq: number }[]) => events.map((event) => event.seq);

export function claimContract(create: CreateDatabase): void {
  test('two claimers get disjoint events and together all of them', async () => {
    const database = await create();
    const appended = [];
    for (let n = 0; n < 20; n++) appended.push(await database.append());
    const first = claimer(await database.open(), '00');
    const second = claimer(await database.open(), '01');
    const claims = [];
    for (let round = 0; round < 4; round++) {
      claims.push(...(await Promise.all([first({ slots: 3 }), second({ slots: 3 })])));
    }
    const seqs = claims.flatMap(seqsOf);
    expect(new Set(seqs).size).toBe(seqs.length);
    expect(seqs.toSorted((a, b) => a - b)).toEqual(appended);
  });

  test('events come in the order in which they were appended', async () => {
    const database = await create();
    const appended = [];
    for (let n = 0; n < 50; n++) appended.push(await database.append());
    const claim = claimer(await database.open());
    expect(seqsOf(await claim({ slots: 30 }))).toEqual(appended.slice(0, 30));
    expect(seqsOf(await claim({ slots: 30 }))).toEqual(appended.slice(30));
  });

  test('what has been due the longest is taken first, and handed out in the order of appending', async () => {
    const database = await create();
    const late = await database.append({ available_at: startMs - 1 });
    const early = await database.append({ available_at: startMs - 9_000 });
    const fresh = await database.append();
    const claim = claimer(await database.open());
    expect(seqsOf(await claim({ slots: 2 }))).toEqual([early, fresh]);
    expect(seqsOf(await claim({ slots: 2 }))).toEqual([late]);
  });

  test('a claim takes at most as many events as there are slots', async () => {
    const database = await create();
    for (let n = 0; n < 5; n++) await database.append();
    const claim = claimer(await database.open());
    expect(await claim({ slots: 3 })).toHaveLength(3);
    expect(await claim({ slots: 3 })).toHaveLength(2);
    expect(await claim({ slots: 3 })).toHaveLength(0);
  });

  test('an event is due at its instant and not a millisecond before', async () => {
    const database = await create();
    const seq = await database.append({ available_at: startMs });
    const claim = claimer(await database.open());
    expect(await claim({ dueByMs: startMs - 1 })).toEqual([]);
    expect(seqsOf(await claim({ dueByMs: startMs }))).toEqual([seq]);
  });

  test('processed, dead and discarded events are never claimed', async () => {
    const database = await create();
    for (const status of ['processed', 'dead', 'discarded']) await database.append({ status });
    expect(await claimer(await database.open())()).toEqual([]);
  });

  test('a claim due by 0 takes only events that were never delayed', async () => {
    const database = await create();
    await database.append({ available_at: 1 });
    const fresh = await database.append();
    expect(seqsOf(await claimer(await database.open())({ dueByMs: 0 }))).toEqual([fresh]);
  });

  test('events that the caller has in flight are left out, even when due', async () => {
    const database = await create();
    const inFlight = await database.append();
    const free = await database.append();
    expect(seqsOf(await claimer(await database.open())({ exceptSeqs: [inFlight, 999] }))).toEqual([free]);
  });

  test('a leased event is free again when its lease has ended, for anybody', async () => {
    const database = await create();
    await database.append();
    const before = await claimOne(await database.open(), '00');
    const other = claimer(await database.open(), '01');
    expect(await other({}, startMs + leaseMs - 1)).toEqual([]);
    const [after] = await other({}, startMs + leaseMs);
    expect(after?.seq).toBe(before.seq);
    expect(after?.leaseId).not.toBe(before.leaseId);
  });

  test('a claim marks the row: lease, end of lease, one more claim, no reason to wait', async () => {
    const database = await create();
    const seq = await database.append({ wait_reason: 'retry', attempts: 2, available_at: startMs - 5 });
    const event = await claimOne(await database.open(), '07');
    const row = await database.read(seq);
    expect(row).toMatchObject({
      status: 'pending',
      lease_id: event.leaseId,
      available_at: startMs + leaseMs,
      claims: 1,
      attempts: 2,
      wait_reason: null,
    });
    expect(event.leaseId).toMatch(/^07:/);
  });

  test('a claimed event carries everything that sending it needs', async () => {
    const database = await create();
    const seq = await database.append({
      id: 'evt-1',
      key_suffix: '~r2',
      business_id: 'acme',
      event_type: 'invoice.paid',
      payload: '{"a":1}',
      headers: '{"traceparent":"00-1"}',
      attempts: 3,
      created_at: '2026-01-01T11:59:59.250+00:00',
    });
    const { leaseId: _, ...event } = await claimOne(await database.open());
    expect(event).toEqual({
      seq,
      id: 'evt-1',
      keySuffix: '~r2',
      businessId: 'acme',
      eventType: 'invoice.paid',
      payload: '{"a":1}',
      headers: '{"traceparent":"00-1"}',
      attempts: 3,
      claims: 1,
      createdAtMs: startMs - 750,
    });
  });

  test('the payload comes compact, numbers keep their text, and it is the same every time', async () => {
    const database = await create();
    const payload =
      '{ "exact" : 1.10, "big": 12345678901234567890.0, "e": 1E+2,\n "text": "a b\\u00e9\\/é", "z": -0, "list": [ 1 , 2 ] }';
    await database.append({ payload });
    const store = await database.open();
    const compact =
      '{"exact":1.10,"big":12345678901234567890.0,"e":1E+2,"text":"a b\\u00e9\\/é","z":-0,"list":[1,2]}';
    for (let time = 0; time < 3; time++) {
      const event = await claimOne(store);
      expect(event.payload).toBe(compact);
      await settle(store, [settlementsOf(event).unsent]);
    }
  });

  test('one malformed payload does not stop the batch it is in', async () => {
    const database = await create();
    const before = await database.append({ payload: '{"n":1}' });
    const spoiled = await database.append();
    const after = await database.append({ payload: '{"n":3}' });
    await database.spoilPayload(spoiled);
    const claimed = await claimer(await database.open())();
    expect(claimed.map(({ seq, payload }) => ({ seq, payload }))).toEqual([
      { seq: before, payload: '{"n":1}' },
      { seq: spoiled, payload: null },
      { seq: after, payload: '{"n":3}' },
    ]);
  });
}
