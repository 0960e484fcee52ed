// The contract of takeover: exactly the leases of one slot end, and interrupted events come back spread out.
import { expect, test } from 'vitest';
import { leaseRange } from '../apps/outbox/lease-id.ts';
import {
  type ContractDatabase,
  type CreateDatabase,
  claimer,
  claimOne,
  leaseMs,
  settle,
  settlementsOf,
  startMs,
} from './store-contract-steps.ts';

/** Events leased under the given lease ids. */
async function leased(database: ContractDatabase, leaseIds: readonly string[]): Promise<number[]> {
  const seqs = [];
  for (const leaseId of leaseIds) {
    seqs.push(await database.append({ lease_id: leaseId, available_at: startMs + leaseMs, claims: 1 }));
  }
  return seqs;
}

async function leaseIdsLeft(database: ContractDatabase, seqs: readonly number[]) {
  const rows = await Promise.all(seqs.map((seq) => database.read(seq)));
  return rows.map((row) => row?.lease_id ?? null);
}

export function takeoverContract(create: CreateDatabase): void {
  test('only the leases of that slot end', async () => {
    const database = await create();
    const leaseIds = [
      '00:a:1',
      '00:zz:zz',
      '01:a:1',
      '10:a:1',
      '0:a:1',
      '000:a:1',
      '00;a:1',
      '009:a:1',
      '63:00:1',
    ];
    const seqs = await leased(database, leaseIds);
    const store = await database.open();
    expect(await store.takeOver({ slot: '00', nowMs: startMs })).toBe(2);
    expect(await leaseIdsLeft(database, seqs)).toEqual([null, null, ...leaseIds.slice(2)]);
    expect(await store.takeOver({ slot: '01', nowMs: startMs })).toBe(1);
    expect(await store.takeOver({ slot: '00', nowMs: startMs })).toBe(0);
  });

  test('a process that lost the slot is not dead: what it claimed in it stays its own', async () => {
    const database = await create();
    const seqs = await leased(database, ['00:me:1', '00:mee:1', '00:m:1', '00:me:zz', '01:me:1']);
    const store = await database.open();
    expect(await store.takeOver({ slot: '00', nowMs: startMs, exceptToken: 'me' })).toBe(2);
    expect(await leaseIdsLeft(database, seqs)).toEqual(['00:me:1', null, null, '00:me:zz', '01:me:1']);
  });

  test('a claim whose answer was lost is given back as if it had never been made, by its id alone', async () => {
    const database = await create();
    const store = await database.open();
    const claim = claimer(store);
    const seq = await database.append({ claims: 1 });
    const [lost] = await claim({ slots: 1 });
    const [other] = await leased(database, ['00:a:1']);
    expect(await store.giveBack({ leaseIds: ['00:none:1', String(lost?.leaseId)] })).toBe(1);
    expect(await database.read(seq)).toMatchObject({ lease_id: null, available_at: 0, claims: 1 });
    expect(await leaseIdsLeft(database, [other ?? 0])).toEqual(['00:a:1']);
    expect((await claim({ slots: 9 })).map((event) => event.seq)).toEqual([seq]);
  });

  test('it is on record in the same transaction, whatever becomes of the process, and an empty one is not', async () => {
    const database = await create();
    await leased(database, ['00:a:1', '00:a:2']);
    const store = await database.open();
    await store.takeOver({ slot: '01', nowMs: startMs });
    expect(await store.lastLogged('taken_over')).toBeNull();
    await store.takeOver({ slot: '00', nowMs: startMs });
    expect(await store.lastLogged('taken_over')).toEqual({ slot: '00', events: 2 });
  });

  test('a slot is one range of lease ids, from its delimiter to the next character', () => {
    expect(leaseRange('07')).toEqual({ from: '07:', to: '07;' });
  });

  test('an event interrupted once is due at once, before everything that waits', async () => {
    const database = await create();
    const store = await database.open();
    const interrupted = await database.append();
    await claimOne(store, '00');
    await database.append({ available_at: startMs - 60_000 });
    await store.takeOver({ slot: '00', nowMs: startMs + 10 });
    expect(await database.read(interrupted)).toMatchObject({
      available_at: 0,
      lease_id: null,
      wait_reason: null,
    });
    const [first] = await claimer(store)({ slots: 1 });
    expect(first?.seq).toBe(interrupted);
  });

  test('from the second interruption on the wait doubles from 1 s to 5 min, spread by half either way', async () => {
    const database = await create();
    const store = await database.open();
    const wantedMs = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000];
    for (const [index, baseMs] of wantedMs.entries()) {
      const interrupted = { lease_id: '05:x:1', claims: index + 2, available_at: startMs + leaseMs };
      const seqs: number[] = [];
      for (let n = 0; n < 25; n++) seqs.push(await database.append(interrupted));
      await store.takeOver({ slot: '05', nowMs: startMs });
      const rows = await Promise.all(seqs.map((seq) => database.read(seq)));
      const waits = rows.map((row) => (row?.available_at ?? 0) - startMs);
      expect(Math.min(...waits)).toBeGreaterThanOrEqual(baseMs * 0.5);
      expect(Math.max(...waits)).toBeLessThan(baseMs * 1.5);
      // Spread, not gathered: a storm of kills must not bring the same events back together.
      expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(baseMs * 0.3);
    }
  });

  test('an absurd crash counter still gives a bounded wait', async () => {
    const database = await create();
    const seq = await database.append({ lease_id: '05:x:1', claims: 1_000_000, available_at: startMs });
    await (await database.open()).takeOver({ slot: '05', nowMs: startMs });
    const waitMs = ((await database.read(seq))?.available_at ?? 0) - startMs;
    expect(waitMs).toBeGreaterThanOrEqual(150_000);
    expect(waitMs).toBeLessThanOrEqual(450_000);
  });

  test('what the dead relayer settled late is fenced off', async () => {
    const database = await create();
    await database.append();
    const store = await database.open();
    const event = await claimOne(store, '00');
    await (await database.open()).takeOver({ slot: '00', nowMs: startMs });
    const late = settlementsOf(event).processed;
    expect(await settle(store, [late])).toEqual([late]);
    expect((await database.read(event.seq))?.status).toBe('pending');
  });

  test('the slots that hold leases are named once each', async () => {
    const database = await create();
    const store = await database.open();
    expect(await store.slotsWithLeases()).toEqual([]);
    await leased(database, ['00:a:1', '00:a:2', '00:b:1', '01:a:1', '63:a:1', '63:b:9']);
    expect(await store.slotsWithLeases()).toEqual(['00', '01', '63']);
    await store.takeOver({ slot: '01', nowMs: startMs });
    expect(await store.slotsWithLeases()).toEqual(['00', '63']);
  });

  test('a lease id that no relayer made is no slot, and hides none', async () => {
    const database = await create();
    await leased(database, ['abc', '', '../x:1', '0:a:1', '00:a:1', '007:a:1', 'zz:a:1']);
    expect(await (await database.open()).slotsWithLeases()).toEqual(['00']);
  });
}
