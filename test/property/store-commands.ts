// The commands that random sequences are made of. They hold choices, not events: "the third lease from the end" means
// something in every sequence, so that shrinking can leave out whatever does not matter.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { SeenEvent } from '../../apps/outbox/operator-verbs.ts';
import { command, leaseMs, type Play, slots } from './store-play.ts';
import { turn } from './store-turn.ts';
import { turnsTogether } from './store-turns-together.ts';

const slot = fc.constantFrom(...slots);
const limit = fc.integer({ min: 1, max: 6 });
/** Around the lengths that mean something: nothing, a backoff, a lease, a retention. */
const durationMs = fc.oneof(
  fc.integer({ min: 0, max: 3_000 }),
  fc.constantFrom(leaseMs - 1, leaseMs, leaseMs + 1),
  fc.integer({ min: leaseMs, max: 600_000 }),
);

const append = limit.map((count) =>
  command(`append ${count}`, 'append', async ({ model }, world) => {
    for (let n = 0; n < count; n++) model.append(await world.append());
  }),
);

const timePasses = durationMs.map((byMs) =>
  command(`${byMs} ms pass`, 'nothing', async (play) => {
    play.nowMs += byMs;
  }),
);

const clockSteps = durationMs.map((byMs) =>
  command(`the clock steps back by ${byMs} ms`, 'nothing', async (play) => {
    play.nowMs -= byMs;
  }),
);

const reopen = slot.map((name) =>
  command(`relayer ${name} is killed and starts again`, 'nothing', (_play, world) => world.kill(name)),
);

const takeOver = fc.record({ dead: slot, by: slot }).map(({ dead, by }) =>
  command(`relayer ${dead} dies, relayer ${by} takes over`, 'take over', async ({ model, nowMs }, world) => {
    await world.kill(dead);
    const { store } = world.holder(by);
    const allowed = model.takeOver(dead, nowMs);
    assert.equal(await store.takeOver({ slot: dead, nowMs }), allowed.length, 'events taken over');
    const dueAtMs = new Map((await world.rows()).map((row) => [row.seq, row.available_at]));
    for (const { seq, earliestMs, latestMs } of allowed) {
      const atMs = dueAtMs.get(seq) ?? Number.NaN;
      assert(atMs >= earliestMs && atMs <= latestMs, `${seq}: ${atMs}, not in ${earliestMs}..${latestMs}`);
      const event = model.events.get(seq);
      if (event !== undefined) event.availableAtMs = atMs;
    }
  }),
);

const resume = fc.record({ by: slot, limit }).map((how) =>
  command(`relayer ${how.by} resumes ${how.limit}`, 'resume', async ({ model, nowMs }, world) => {
    const { store } = world.holder(how.by);
    const allowed = model.resume(nowMs);
    const resumed = await store.resume({ nowMs, limit: how.limit });
    assert.equal(resumed, Math.min(how.limit, allowed.length), 'events resumed');
    const rows = await world.rows();
    const goOn = new Set(rows.filter((row) => row.wait_reason === null).map(({ seq }) => seq));
    const chosen = allowed.filter(({ seq }) => goOn.has(seq));
    assert.equal(chosen.length, resumed, 'events that no longer wait');
    for (const { seq, latestMs } of chosen) {
      Object.assign(model.events.get(seq) ?? {}, { availableAtMs: latestMs, waitReason: null });
    }
  }),
);

/** A few events as a person saw them: mostly as they are, sometimes as they were. */
const decision = fc.record({
  picks: fc.array(fc.nat({ max: 99 }), { minLength: 1, maxLength: 4 }),
  stale: fc.option(fc.constantFrom('pending', 'processed', 'dead', 'discarded'), { freq: 4 }),
  keys: fc.constantFrom('same', 'new'),
});

function seenBy(
  { picks, stale }: { picks: number[]; stale: SeenEvent['status'] | null },
  rows: Play['rows'],
) {
  const picked = new Set(picks.map((pick) => pick % Math.max(1, rows.length)));
  return [...picked].flatMap((index): SeenEvent[] => {
    const row = rows[index];
    if (row === undefined) return [];
    const status = stale ?? (row.status as SeenEvent['status']);
    return [{ seq: row.seq, status, keySuffix: row.key_suffix, confirmedAtMs: null }];
  });
}

const redrive = decision.map((how) =>
  command(`redrive ${JSON.stringify(how)}`, 'redrive', async ({ model, nowMs, rows }, world) => {
    const { store } = world.holder('00');
    const events = seenBy(how, rows);
    const expected = model.redrive(events, how.keys);
    const moved = await store.redrive({ events, keys: how.keys, note: '', nowMs });
    assert.deepEqual(moved, expected, 'events redriven');
  }),
);

const discard = decision.map((how) =>
  command(`discard ${JSON.stringify(how)}`, 'discard', async ({ model, nowMs, rows }, world) => {
    const { store } = world.holder('00');
    const events = seenBy(how, rows);
    const expected = model.discard(events, 'why');
    assert.deepEqual(await store.discard({ events, reason: 'why', nowMs }), expected, 'events discarded');
  }),
);

const prune = fc.record({ keepMs: durationMs, limit }).map(({ keepMs, limit: most }) =>
  command(`prune ${most} older than ${keepMs} ms`, 'prune', async ({ model, nowMs }, world) => {
    const { store } = world.holder('00');
    const beforeMs = nowMs - keepMs;
    const old = model.prunable(beforeMs);
    const pruned = await store.prune({ beforeMs, limit: most });
    assert.equal(pruned, Math.min(most, old.length), 'events pruned');
    const left = new Set((await world.rows()).map(({ seq }) => seq));
    const gone = old.filter(({ seq }) => !left.has(seq));
    const instants = (events: typeof old) => events.map(({ processedAtMs }) => processedAtMs);
    assert.deepEqual(instants(gone), instants(old.slice(0, pruned)), 'instants of the events pruned');
    for (const { seq } of gone) model.events.delete(seq);
  }),
);

/** Every command, the frequent ones more often. */
export function storeCommands(options: { readonly most: number; readonly replayPath?: string }) {
  const often = [append, turn, turn, turn, turn, turnsTogether, timePasses];
  const seldom = [clockSteps, reopen, takeOver, resume, redrive, redrive, discard, prune];
  const { most: maxCommands, replayPath } = options;
  return fc.commands([...often, ...seldom], {
    maxCommands,
    size: 'max',
    ...(replayPath === undefined ? {} : { replayPath }),
  });
}
