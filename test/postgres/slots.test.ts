// Slots on PostgreSQL: held by a session, freed by its end, taken again after a loss.
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../apps/outbox/clock.ts';
import { slotNames } from '../../apps/outbox/lease-id.ts';
import { sessionKeeper } from '../../apps/outbox/postgres/session-keeper.ts';
import { postgresSlots } from '../../apps/outbox/postgres/slots.ts';
import { spawnNode, waitFor } from '../helpers.ts';
import { describeOnPostgres, newOutbox } from '../postgres-database.ts';

/** A relayer's session and slots on a schema; ended when the test has finished. */
function relayerOn(url: string, applicationName = 'test-relayer') {
  const keeper = sessionKeeper({ url, applicationName, channel: 'outbox_events', clock: systemClock });
  onTestFinished(() => keeper.close());
  return { slots: postgresSlots({ name: 'test', table: 'events', session: keeper.current }) };
}

const endSessions = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1`;

describeOnPostgres('a slot on PostgreSQL', () => {
  test('is held by one session at a time, and free when it was given back', async () => {
    const { url } = await newOutbox();
    const [a, b] = [relayerOn(url), relayerOn(url)];
    const first = await a.slots.acquire();
    expect(first.name).toBe('00');
    expect((await b.slots.acquire()).name).toBe('01');
    expect(await b.slots.tryAcquire('00')).toBeNull();
    expect(await b.slots.alive(slotNames())).toEqual(['00', '01']);
    await first.release();
    expect((await b.slots.tryAcquire('00'))?.name).toBe('00');
  });

  test('of one schema is not that of another', async () => {
    const [a, b] = [relayerOn((await newOutbox()).url), relayerOn((await newOutbox()).url)];
    expect((await a.slots.acquire()).name).toBe('00');
    expect((await b.slots.acquire()).name).toBe('00');
    expect(await a.slots.alive(slotNames())).toEqual(['00']);
  });

  test('is free at once when its process is killed', async () => {
    const { url } = await newOutbox();
    const holder = spawnNode('test/fixtures/postgres-slot-holder.mjs', [url]);
    await waitFor('the other process holds a slot', () => holder.stdout.includes('held 00'));
    const { slots } = relayerOn(url);
    expect(await slots.tryAcquire('00')).toBeNull();
    holder.child.kill('SIGKILL');
    const taken = await waitFor('the slot is free', () => slots.tryAcquire('00'));
    expect(taken.name).toBe('00');
  });

  test('tells its living holder that it was lost, and a new session takes the next', async () => {
    const { url, client } = await newOutbox();
    const application = `lost-${Math.trunc(performance.now() * 1e6)}`;
    const { slots } = relayerOn(url, application);
    const slot = await slots.acquire();
    await client.query(endSessions, [application]);
    await slot.lost;
    const rival = relayerOn(url);
    expect((await rival.slots.acquire()).name).toBe('00');
    expect((await slots.acquire()).name).toBe('01');
    // What is lost cannot be given back: it would be somebody else's.
    await slot.release();
    expect(await rival.slots.alive(['00'])).toEqual(['00']);
  });

  test('none is left when all 64 are held: the error says so', async () => {
    const { url } = await newOutbox();
    const [holder, late] = [relayerOn(url), relayerOn(url)];
    for (const name of slotNames()) expect((await holder.slots.tryAcquire(name))?.name).toBe(name);
    await expect(late.slots.acquire()).rejects.toMatchObject({ code: 'ERR_OUTBOX_SLOT' });
  });
});
