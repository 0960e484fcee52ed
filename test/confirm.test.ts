// What was accepted is read back: stamped when it is there, sent again under its key when it was lost, reported when it
// will not be delivered.
import { describe, expect, test } from 'vitest';
import { isoText } from '../apps/outbox/clock.ts';
import { listEvents } from '../apps/outbox/convoy-events.ts';
import { type ConfirmRig, confirmRig, hourMs, minuteMs } from './confirm-rig.ts';
import { keep, lose } from './confirm-scenes.ts';

describe('reading back', () => {
  test('confirms in bulk, in a request for many, and asks nothing when there is nothing to ask', async () => {
    const rig = await confirmRig();
    await keep(rig, 200, 'a');
    const confirmer = await rig.confirmer();
    expect(await confirmer.pass()).toEqual({ pages: 1, confirmed: 200, resent: 0, reported: 0 });
    expect(rig.counts()).toEqual({ confirmed: 200, unconfirmed: 0, pending: 0 });
    const requests = rig.calmed;
    // One to learn Convoy's time, one for the page.
    expect(requests).toBe(2);
    expect(await confirmer.pass()).toEqual({ pages: 0, confirmed: 0, resent: 0, reported: 0 });
    expect(rig.calmed).toBe(requests);
  });

  test('works for what was accepted before a restart and a day of downtime', async () => {
    const rig = await confirmRig();
    await keep(rig, 3, 'a');
    const [lost] = await lose(rig, 1, 'lost');
    await keep(rig, 1, 'b');
    rig.clock.stall(23 * hourMs);
    await rig.restartSandbox();
    expect(await (await rig.confirmer()).pass()).toMatchObject({ confirmed: 4, resent: 1 });
    expect(rig.row(lost ?? '').status).toBe('pending');
  });

  test('finds its events whatever time Convoy believes it is', async () => {
    const rig = await confirmRig();
    await keep(rig, 2, 'a');
    rig.clock.stall(30 * minuteMs);
    // The relayer's clock is set back by five hours after the events were stored, and theirs are hours ahead.
    rig.db.prepare('UPDATE events SET processed_at = ?').run(isoText(rig.clock.nowMs() - 5.5 * hourMs));
    const { clock } = rig;
    const behind = { ...clockBehind(clock, 5 * hourMs) };
    expect(await (await rig.confirmer({ clock: behind })).pass()).toMatchObject({ pages: 1, confirmed: 2 });
    // Convoy's time and one page: none had to be asked for alone.
    expect(rig.calmed).toBe(2);
  });

  test('leaves alone what another gateway accepted', async () => {
    const rig = await confirmRig();
    rig.append(1, 'other', {
      status: 'processed',
      processed_at: isoText(rig.clock.nowMs()),
      gateway: 'https://elsewhere.test/api/v1/projects/p',
    });
    rig.clock.stall(hourMs);
    expect(await (await rig.confirmer()).pass()).toMatchObject({ pages: 0 });
    expect(rig.row('other0').status).toBe('processed');
  });
});

function clockBehind(clock: ConfirmRig['clock'], byMs: number) {
  return {
    nowMs: () => clock.nowMs() - byMs,
    monotonicMs: () => clock.monotonicMs(),
    after: clock.after.bind(clock),
    soon: clock.soon.bind(clock),
  };
}

test('a repeat of a key says nothing about its event', async () => {
  const rig = await confirmRig();
  await keep(rig, 1, 'a');
  rig.db.prepare(`UPDATE events SET status = 'pending'`).run();
  await rig.deliver();
  const { url: baseUrl, projectId, apiKey } = rig.sandbox;
  const nowMs = rig.clock.nowMs();
  const page = await listEvents(
    { baseUrl, projectId, apiKey, timeoutMs: 2_000 },
    { fromMs: nowMs - hourMs, toMs: nowMs, perPage: 10, cursor: null },
  );
  expect(rig.sandbox.state().rows).toBe(2);
  expect(page).toMatchObject({ kind: 'page', events: [{ key: 'a0', state: 'delivering' }] });
  expect(page.kind === 'page' && page.events).toHaveLength(1);
});

describe('a lost event', () => {
  test('is sent again after the grace time, under the same key, and then confirmed', async () => {
    const rig = await confirmRig();
    await keep(rig, 2, 'a');
    const lost = await lose(rig, 3, 'lost');
    await keep(rig, 2, 'b');
    const confirmer = await rig.confirmer();
    rig.clock.stall(5 * minuteMs);
    expect(await confirmer.pass()).toMatchObject({ confirmed: 4, resent: 0 });
    rig.clock.stall(2 * minuteMs);
    expect(await confirmer.pass()).toMatchObject({ resent: 3 });
    for (const id of lost)
      expect(rig.row(id)).toMatchObject({ status: 'pending', resends: 1, key_suffix: '' });
    expect(rig.resent).toBe(3);
    expect(rig.log.count('event accepted, but lost by Convoy: sent again')).toBe(3);
    await rig.deliver();
    expect(await confirmer.pass()).toMatchObject({ confirmed: 3, resent: 0 });
    expect(rig.counts()).toEqual({ confirmed: 7, unconfirmed: 0, pending: 0 });
    for (const id of lost) expect(rig.sandbox.ledger.timesAccepted(id)).toBe(2);
  });

  test('is sent again five times at most, ever more slowly, across restarts; then it is reported and never dead', async () => {
    const rig = await confirmRig();
    await lose(rig, 1, 'lost');
    const waits: number[] = [];
    for (let minute = 0; minute < 12 * 60 && rig.row('lost0').last_error === null; minute += 3) {
      rig.clock.stall(3 * minuteMs);
      if (minute % 6 === 0) await keep(rig, 1, `beside${minute}-`);
      await (await rig.confirmer()).pass();
      if (rig.row('lost0').status !== 'pending') continue;
      waits.push(minute);
      rig.sandbox.faults.add({ kind: 'accepted-lost', key: 'lost0' });
      await rig.deliver();
      rig.sandbox.faults.replace();
    }
    const gaps = waits.map((minute, index) => minute - (waits[index - 1] ?? 0));
    expect(gaps).toHaveLength(5);
    for (const [index, gap] of gaps.entries()) {
      expect(gap).toBeGreaterThanOrEqual(6 * 2 ** index - 3);
      expect(gap).toBeLessThanOrEqual(6 * 2 ** index + 8);
    }
    expect(rig.row('lost0')).toMatchObject({
      status: 'processed',
      resends: 5,
      confirmed_at: null,
      last_error: 'accepted 6 times and never stored by Convoy',
    });
  });

  test('accepted longer ago than the window is reported and not sent again', async () => {
    const rig = await confirmRig();
    await lose(rig, 1, 'lost');
    rig.clock.stall(25 * hourMs);
    await keep(rig, 1, 'b');
    expect(await (await rig.confirmer()).pass()).toMatchObject({ confirmed: 1, resent: 0, reported: 1 });
    expect(rig.row('lost0').last_error).toMatch(/^not found in Convoy, and accepted too long ago/);
  });

  test('that only seemed lost, because it was stored long before its acceptance was settled, is found by its key', async () => {
    const rig = await confirmRig();
    await keep(rig, 1, 'early');
    rig.clock.stall(5 * hourMs);
    rig.db.prepare(`UPDATE events SET processed_at = ?`).run(isoText(rig.clock.nowMs()));
    rig.clock.stall(7 * minuteMs);
    await keep(rig, 1, 'b');
    expect(await (await rig.confirmer()).pass()).toMatchObject({ confirmed: 2, resent: 0 });
  });
});

describe('what Convoy will not deliver', () => {
  test('is reported once with its reason, in the log, in the record and on the event', async () => {
    const rig = await confirmRig();
    rig.append(1, 'orphan', { business_id: 'nobody' });
    await rig.deliver();
    const confirmer = await rig.confirmer();
    expect(await confirmer.pass()).toMatchObject({ confirmed: 0, reported: 1 });
    expect(await confirmer.pass()).toMatchObject({ reported: 0 });
    const reason = 'Convoy: Failure: no subscription matched this event';
    expect(rig.row('orphan0')).toMatchObject({ status: 'processed', confirmed_at: null, last_error: reason });
    expect(rig.log.count('event accepted, but Convoy will not deliver it')).toBe(1);
    const record = rig.db
      .prepare(`SELECT event_seq, detail FROM outbox_log WHERE kind = 'undelivered'`)
      .all();
    expect(record).toEqual([{ event_seq: rig.row('orphan0').seq, detail: JSON.stringify({ reason }) }]);
  });
});
