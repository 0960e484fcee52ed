// Reading back when Convoy cannot be read, or stores nothing at all.
import { describe, expect, test } from 'vitest';
import { CannotRead } from '../apps/relayer/confirm-reader.ts';
import { confirmRig, hourMs, minuteMs } from './confirm-rig.ts';
import { keep, lose } from './confirm-scenes.ts';
import { waitFor } from './helpers.ts';

describe('what cannot be read', () => {
  test.each([
    ['429', { kind: 'status', status: 429, message: 'exceeded rate limit' }],
    ['500', { kind: 'status', status: 500 }],
    ['504', { kind: 'status', status: 504, message: 'Search took too long.' }],
    ['401', { kind: 'status', status: 401, message: 'authorization failed' }],
    ['404', { kind: 'status', status: 404, body: '404 page not found' }],
    ['a redirect', { kind: 'redirect' }],
    ['HTML with 200', { kind: 'garbage', shape: 'html-200' }],
    ['a page that is none', { kind: 'status', status: 200, body: '{"status":true,"data":{"content":[]}}' }],
    [
      'a page without end',
      {
        kind: 'status',
        status: 200,
        body: '{"status":true,"data":{"content":[],"pagination":{"has_next_page":true,"next_page_cursor":""}}}',
      },
    ],
    [
      'an empty page that says false',
      {
        kind: 'status',
        status: 200,
        body: '{"status":false,"data":{"content":[],"pagination":{"has_next_page":false}}}',
      },
    ],
    ['silence', { kind: 'hang' }],
    ['a reset', { kind: 'reset' }],
    ['60 MB', { kind: 'huge-reply' }],
  ] as const)('is never taken for absent: %s', async (_what, fault) => {
    const rig = await confirmRig();
    await lose(rig, 2, 'lost');
    await keep(rig, 1, 'b');
    rig.clock.stall(hourMs);
    const { url: baseUrl, projectId, apiKey } = rig.sandbox;
    const confirmer = await rig.confirmer({ access: { baseUrl, projectId, apiKey, timeoutMs: 150 } });
    rig.sandbox.faults.add({ ...fault, traffic: 'reads' });
    await expect(confirmer.pass()).rejects.toBeInstanceOf(CannotRead);
    expect(rig.counts()).toEqual({ confirmed: 0, unconfirmed: 3, pending: 0 });
    rig.sandbox.faults.replace();
    expect(await (await rig.confirmer()).pass()).toMatchObject({ confirmed: 1, resent: 2 });
  });

  test('in the middle of a pass keeps what was stamped, and a later pass goes on from there', async () => {
    const rig = await confirmRig();
    await keep(rig, 2, 'a');
    await lose(rig, 1, 'lost');
    await keep(rig, 1, 'b');
    rig.clock.stall(hourMs);
    const confirmer = await rig.confirmer();
    // The first two answers are good: Convoy's time, and the page; the look at the lost key is not.
    let asked = 0;
    const spoiled = await rig.confirmer({
      calm: async () => {
        asked += 1;
        if (asked === 3) rig.sandbox.faults.add({ kind: 'status', status: 500, traffic: 'reads' });
      },
    });
    await expect(spoiled.pass()).rejects.toBeInstanceOf(CannotRead);
    expect(rig.counts()).toEqual({ confirmed: 3, unconfirmed: 1, pending: 0 });
    rig.sandbox.faults.replace();
    expect(await confirmer.pass()).toMatchObject({ resent: 1 });
  });

  test('is asked for again after as long as Convoy wants', async () => {
    const rig = await confirmRig();
    await keep(rig, 1, 'a');
    rig.sandbox.faults.add({
      kind: 'status',
      status: 429,
      headers: { 'Retry-After': '40' },
      traffic: 'reads',
      remaining: 1,
    });
    const startMs = rig.clock.monotonicMs();
    const passed = (await rig.confirmer()).pass();
    await waitFor('it waits', () => rig.clock.pendingTimers > 0);
    await rig.clock.advance(39_000);
    expect(rig.calmed).toBe(1);
    await rig.clock.advance(1_000);
    expect(await passed).toMatchObject({ confirmed: 1 });
    expect(rig.clock.monotonicMs() - startMs).toBe(40_000);
  });
});

describe('a pipeline that stores nothing', () => {
  test('gets one canary and not the backlog, is told once, and heals by itself', async () => {
    const rig = await confirmRig();
    await keep(rig, 2, 'before');
    rig.sandbox.faults.add({ kind: 'accepted-lost' });
    rig.append(20, 'lost');
    await rig.deliver();
    let confirmer = await rig.confirmer();
    let sent = 0;
    for (let minute = 0; minute < 30; minute++) {
      rig.clock.stall(minuteMs);
      const { resent } = await confirmer.pass();
      expect(resent).toBeLessThanOrEqual(1);
      sent += resent;
      await rig.deliver();
      if (minute === 20) confirmer = await rig.confirmer();
    }
    expect(sent).toBeGreaterThanOrEqual(2);
    expect(sent).toBeLessThanOrEqual(4);
    expect(rig.log.count('Convoy accepts events and stores none, trying with one')).toBe(2);
    expect(rig.counts()).toEqual({ confirmed: 2, unconfirmed: 20, pending: 0 });

    await rig.restartSandbox();
    for (let minute = 0; minute < 60 && rig.counts().confirmed < 22; minute++) {
      rig.clock.stall(minuteMs);
      await confirmer.pass();
      await rig.deliver();
    }
    expect(rig.counts()).toEqual({ confirmed: 22, unconfirmed: 0, pending: 0 });
    for (let n = 0; n < 20; n++) expect(rig.sandbox.ledger.timesAccepted(`lost${n}`)).toBeLessThanOrEqual(4);
  });
});

test('a pipeline is not said to store again because its canary is on its way', async () => {
  const rig = await confirmRig();
  rig.sandbox.faults.add({ kind: 'accepted-lost' });
  rig.append(1, 'lost');
  await rig.deliver();
  rig.clock.stall(7 * minuteMs);
  const confirmer = await rig.confirmer();
  expect(await confirmer.pass()).toMatchObject({ resent: 1 });
  await rig.deliver();
  rig.clock.stall(minuteMs);
  expect(await confirmer.pass()).toMatchObject({ confirmed: 0, resent: 0 });
  expect(rig.log.count('Convoy stores events again')).toBe(0);
});

test('a stall that ended while no relayer ran is not in the record for ever', async () => {
  const rig = await confirmRig();
  rig.sandbox.faults.add({ kind: 'accepted-lost' });
  rig.append(1, 'lost');
  await rig.deliver();
  rig.clock.stall(7 * minuteMs);
  await (await rig.confirmer()).pass();
  const lastWord = async () => (await rig.parts()).store.records('pipeline', 1);
  expect(await lastWord()).toMatchObject([{ detail: { state: 'stalled' } }]);
  const successor = await rig.confirmer();
  await successor.pass();
  expect(await lastWord()).toMatchObject([{ detail: { state: 'stalled' } }]);

  rig.sandbox.faults.replace();
  rig.append(1, 'later');
  await rig.deliver();
  rig.clock.stall(minuteMs);
  await successor.pass();
  expect(rig.log.count('Convoy stores events again')).toBe(1);
  expect(await lastWord()).toMatchObject([{ detail: { state: 'storing' } }]);
});

test('from loss to confirmation, with new events all the while: every event ends confirmed', async () => {
  const rig = await confirmRig();
  let confirmer = await rig.confirmer();
  for (let minute = 0; minute < 60; minute++) {
    if (minute === 5) rig.sandbox.faults.add({ kind: 'accepted-lost' });
    if (minute === 15) await rig.restartSandbox();
    if (minute === 20) confirmer = await rig.confirmer();
    if (minute < 30) rig.append(2, `minute${minute}-`);
    await rig.deliver();
    await confirmer.pass();
    rig.clock.stall(minuteMs);
  }
  expect(rig.counts()).toEqual({ confirmed: 60, unconfirmed: 0, pending: 0 });
  expect(rig.rows().every((row) => row.last_error === null)).toBe(true);
});
