// The contract of reconciling: what was accepted in a period, and whether a key is known.
import { expect, test } from 'vitest';
import { isoText } from '../apps/outbox/clock.ts';
import type { EventColumns } from './outbox-database.ts';
import { type CreateDatabase, startMs } from './store-contract-steps.ts';

const gateway = 'https://a.test/api/v1/projects/p';
const other = 'https://b.test/api/v1/projects/p';

export function auditContract(create: CreateDatabase): void {
  test('what a gateway accepted in a period is listed in the order of acceptance, page by page', async () => {
    const database = await create();
    const store = await database.open();
    const at = (ms: number, columns: EventColumns = {}) =>
      database.append({ status: 'processed', gateway, processed_at: isoText(startMs + ms), ...columns });
    const seqs = [await at(2), await at(1), await at(1), await at(0)];
    await at(3);
    await at(-1);
    await at(1, { gateway: other });
    const confirmed = await at(1, { confirmed_at: isoText(startMs), id: 'c', key_suffix: '~r2' });
    await database.append({ status: 'dead', processed_at: isoText(startMs), gateway });
    const page = (which: 'confirmed' | 'unconfirmed', after = { acceptedAtMs: startMs, seq: 0 }, limit = 9) =>
      store.accepted({ gateway, which, after, beforeMs: startMs + 3, limit });
    const all = await page('unconfirmed');
    expect(all.map(({ seq }) => seq)).toEqual([seqs[3], seqs[1], seqs[2], seqs[0]]);
    const [, second] = all;
    expect((await page('unconfirmed', second, 1)).map(({ seq }) => seq)).toEqual([seqs[2]]);
    expect(await page('confirmed')).toEqual([{ seq: confirmed, key: 'c~r2', acceptedAtMs: startMs + 1 }]);
  });

  test('a key is known when its event is here, whatever became of it and of its key', async () => {
    const database = await create();
    const store = await database.open();
    await database.append({ id: 'a' });
    await database.append({ id: 'b', key_suffix: '~r3', status: 'discarded' });
    await database.append({ id: 'c~r2', status: 'dead' });
    const known = await store.known(['a', 'a~r2', 'b', 'b~r2', 'c~r2', 'c', 'd', 'd~r2', '~r2']);
    expect(known.toSorted()).toEqual(['a', 'a~r2', 'b', 'b~r2', 'c~r2']);
    expect(await store.known([])).toEqual([]);
  });
}
