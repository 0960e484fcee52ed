// The contract of what a redrive does with keys and with what was known: no two events ever have one key, and the record keeps what the row
// forgets. What it moves and what it leaves alone is in store-contract-operator.ts.
import { expect, test } from 'vitest';
import { isoText } from '../apps/outbox/clock.ts';
import type { SeenEvent } from '../apps/outbox/operator-verbs.ts';
import type { OutboxStore } from '../apps/outbox/store.ts';
import { type CreateDatabase, claimer, seen, startMs } from './store-contract-steps.ts';

const nowMs = startMs;
const note = 'state=dead';
const done = {
  status: 'processed',
  processed_at: isoText(nowMs),
  gateway: 'https://a.test/x',
  confirmed_at: isoText(nowMs),
};
const redrive = (store: OutboxStore, events: readonly SeenEvent[], keys: 'same' | 'new' = 'same') =>
  store.redrive({ events, keys, note, nowMs });

export function redriveContract(create: CreateDatabase): void {
  test('a new key counts upwards, and an old one is kept', async () => {
    const database = await create();
    const store = await database.open();
    for (const [id, key_suffix] of Object.entries({ a: '', b: '~r2', c: '~r9', d: '~mine' })) {
      await database.append({ id, key_suffix, status: 'dead' });
    }
    await redrive(store, await seen(store, 'a', 'b', 'c', 'd'), 'new');
    const suffixes = (await seen(store, 'a', 'b', 'c', 'd')).map(({ keySuffix }) => keySuffix);
    expect(suffixes).toEqual(['~r2', '~r3', '~r10', '~r2']);
    const [event] = await claimer(store)({ slots: 1 });
    expect(event).toMatchObject({ id: 'a', keySuffix: '~r2' });
  });

  test('a new key is never the id of another event, whatever has become of that one and of its key', async () => {
    const database = await create();
    const store = await database.open();
    await database.append({ id: 'a', status: 'dead' });
    await database.append({ id: 'a~r2', status: 'dead' });
    await database.append({ id: 'a~r3', ...done, key_suffix: '~r2' });
    await database.append({ id: 'b', status: 'dead', key_suffix: '~r2' });
    await database.append({ id: 'b~r3' });
    await database.append({ id: 'b~r5' });
    await redrive(store, await seen(store, 'a', 'a~r2', 'b'), 'new');
    const keys = (await seen(store, 'a', 'a~r2', 'b')).map(({ id, keySuffix }) => id + keySuffix);
    expect(keys).toEqual(['a~r4', 'a~r2~r2', 'b~r4']);
    await redrive(store, await seen(store, 'a~r3'), 'new');
    expect((await seen(store, 'a~r3')).map(({ keySuffix }) => keySuffix)).toEqual(['~r3']);
  });

  test('a redrive forgets no acceptance: the record keeps when, by whom and under which key, for each event that had one', async () => {
    const database = await create();
    const store = await database.open();
    const at = isoText(nowMs - 5);
    const { gateway } = done;
    const former = { gateway, processed_at: at, confirmed_at: null };
    const one = await database.append({ id: 'one', ...done, processed_at: at });
    await redrive(store, await seen(store, 'one'), 'new');
    const detail = { events: 1, keys: 'new', note };
    expect(await store.lastLogged('redriven')).toEqual({
      ...detail,
      accepted: [{ ...former, seq: one, key: 'one', confirmed_at: done.confirmed_at }],
    });
    const seqs: number[] = [];
    for (const columns of [{ key_suffix: '~r2' }, { status: 'dead', processed_at: null }, {}]) {
      const row = { id: `e${seqs.length}`, ...done, processed_at: at, confirmed_at: null, ...columns };
      seqs.push(await database.append(row));
    }
    await redrive(store, await seen(store, 'e0', 'e1', 'e2'));
    expect(await store.lastLogged('redriven')).toEqual({
      events: 3,
      keys: 'same',
      note,
      seqs,
      accepted: [
        { ...former, seq: seqs[0], key: 'e0~r2' },
        { ...former, seq: seqs[2], key: 'e2' },
      ],
    });
  });
}
