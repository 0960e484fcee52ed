// The contract of the crash counter: claims without an outcome, through everything that can happen to a claim.
import { expect, test } from 'vitest';
import {
  type ContractDatabase,
  type CreateDatabase,
  claimer,
  claimOne,
  leaseMs,
  seen,
  settle,
  settlementsOf,
  startMs,
} from './store-contract-steps.ts';

async function claimsOf(database: ContractDatabase, seq: number): Promise<number | undefined> {
  return (await database.read(seq))?.claims;
}

export function crashContract(create: CreateDatabase): void {
  test('a claim counts, and the claimed event says how often', async () => {
    const database = await create();
    const seq = await database.append();
    const event = await claimOne(await database.open());
    expect(event.claims).toBe(1);
    expect(await claimsOf(database, seq)).toBe(1);
  });

  test.each(['processed', 'retry', 'dead', 'released'] as const)('any answer clears it: %s', async (kind) => {
    const database = await create();
    const seq = await database.append({ claims: 6 });
    const store = await database.open();
    const event = await claimOne(store);
    expect(event.claims).toBe(7);
    await settle(store, [settlementsOf(event)[kind]]);
    expect(await claimsOf(database, seq)).toBe(0);
  });

  test('takeover keeps it, and the next claim counts on', async () => {
    const database = await create();
    const seq = await database.append();
    const store = await database.open();
    await claimOne(store);
    await store.takeOver({ slot: '00', nowMs: startMs });
    expect(await claimsOf(database, seq)).toBe(1);
    expect((await claimOne(store)).claims).toBe(2);
  });

  test('expiry keeps it, and the next claim counts on', async () => {
    const database = await create();
    await database.append();
    const claim = claimer(await database.open());
    await claim();
    const [again] = await claim({}, startMs + leaseMs);
    expect(again?.claims).toBe(2);
  });

  test('a release unsent takes back its own claim and no other', async () => {
    const database = await create();
    const seq = await database.append({ claims: 4 });
    const store = await database.open();
    await settle(store, [settlementsOf(await claimOne(store)).unsent]);
    expect(await claimsOf(database, seq)).toBe(4);
  });

  test('a redrive clears both counters', async () => {
    const database = await create();
    const seq = await database.append({ id: 'a', status: 'dead', attempts: 10, claims: 3 });
    const store = await database.open();
    await store.redrive({ events: await seen(store, 'a'), keys: 'same', note: '', nowMs: startMs });
    expect(await database.read(seq)).toMatchObject({ attempts: 0, claims: 0 });
  });
}
