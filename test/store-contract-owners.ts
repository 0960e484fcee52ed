// The contract of the owner guard: who is known to be good, what is held and let go, and what is left alone.
import { expect, test } from 'vitest';
import { isoText } from '../apps/outbox/clock.ts';
import { type CreateDatabase, claimer, claimOne, startMs } from './store-contract-steps.ts';

const gateway = 'https://a.test/api/v1/projects/p';
const nowMs = startMs;
const laterMs = startMs + 30_000;
const reason = 'no endpoint';

export function ownersContract(create: CreateDatabase): void {
  test('an owner is known as good by an event that this gateway accepted and that nothing bad was heard of', async () => {
    const database = await create();
    const store = await database.open();
    const done = { status: 'processed', processed_at: isoText(startMs), gateway };
    await database.append({ ...done, business_id: 'good' });
    await database.append({ ...done, business_id: 'elsewhere', gateway: 'https://b.test/x' });
    await database.append({ ...done, business_id: 'failed', last_error: 'Convoy: Failure' });
    await database.append({ business_id: 'waiting' });
    const known = async (businessId: string) => store.wasAccepted({ businessId, gateway });
    expect(await known('good')).toBe(true);
    for (const owner of ['elsewhere', 'failed', 'waiting', 'nobody', 'GOOD']) {
      expect(await known(owner)).toBe(false);
    }
  });

  test("holding makes an owner's due and held events wait with the reason, and nobody else's", async () => {
    const database = await create();
    const store = await database.open();
    const mine = [
      await database.append({ business_id: 'a' }),
      await database.append({ business_id: 'a', available_at: nowMs }),
      await database.append({ business_id: 'a', available_at: nowMs + 5, wait_reason: 'endpoint' }),
    ];
    const others = [
      await database.append({ business_id: 'b' }),
      await database.append({ business_id: 'a', status: 'dead' }),
      await database.append({ business_id: 'a', available_at: nowMs + 5, wait_reason: 'retry' }),
    ];
    const hold = () => store.holdOwner({ businessId: 'a', reason, availableAtMs: laterMs, nowMs, limit: 10 });
    expect(await hold()).toBe(3);
    expect(await hold()).toBe(0);
    for (const seq of mine) {
      expect(await database.read(seq)).toMatchObject({
        status: 'pending',
        available_at: laterMs,
        wait_reason: 'endpoint',
        last_error: reason,
        attempts: 0,
      });
    }
    for (const seq of others) expect((await database.read(seq))?.last_error).toBeNull();
    expect((await claimer(store)({}, nowMs)).map(({ businessId }) => businessId)).toEqual(['b']);
  });

  test('letting go makes held events due now, in batches, and no others', async () => {
    const database = await create();
    const store = await database.open();
    const held = { business_id: 'a', available_at: laterMs, wait_reason: 'endpoint' };
    for (let n = 0; n < 5; n++) await database.append(held);
    const others = [
      await database.append({ ...held, business_id: 'b' }),
      await database.append({ ...held, wait_reason: 'retry' }),
    ];
    const release = () => store.releaseOwner({ businessId: 'a', nowMs, limit: 3 });
    expect([await release(), await release(), await release()]).toEqual([3, 2, 0]);
    for (const seq of others) expect((await database.read(seq))?.available_at).toBe(laterMs);
    expect(await claimer(store)({}, nowMs)).toHaveLength(5);
  });

  test('a leased event is left to its holder', async () => {
    const database = await create();
    const store = await database.open();
    await database.append({ business_id: 'a' });
    const event = await claimOne(store);
    const untilMs = startMs + 86_400_000;
    await store.holdOwner({ businessId: 'a', reason, availableAtMs: untilMs, nowMs: untilMs - 1, limit: 9 });
    await store.releaseOwner({ businessId: 'a', nowMs, limit: 9 });
    expect(await database.read(event.seq)).toMatchObject({ lease_id: event.leaseId, last_error: null });
  });
}
