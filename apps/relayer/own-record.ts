// What a relayer writes into the record about itself: that it has started, with what it found, and that it stopped by itself, so
// that people can tell a stop from a death.
import { type Clock, sleep } from '../outbox/clock.ts';
import { isPassing } from '../outbox/judge-trouble.ts';
import { errorText, type Log } from '../outbox/log.ts';
import type { OutboxDatabase } from '../outbox/outbox-database.ts';
import type { RelayerSlot } from '../outbox/relayer-slot.ts';
import type { OutboxStore } from '../outbox/store.ts';
import { thisProcess } from '../outbox/this-process.ts';
import type { RelayerSettings } from './config.ts';

export interface RecordParts {
  readonly settings: Pick<RelayerSettings, 'drain-timeout'>;
  readonly slot: Pick<RelayerSlot, 'name'>;
  readonly database: Pick<OutboxDatabase, 'facts'>;
  readonly store: Pick<OutboxStore, 'log'>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Writes it once the first events are out: a commit before them would delay a redelivery. It tells the instant of the start, which no
 * settlement of this process precedes: how long deliveries stood still is reckoned from it. `events`: how many it took over.
 */
export async function recordStart(parts: RecordParts, events: number): Promise<void> {
  const { settings, slot, database, store, clock } = parts;
  const nowMs = clock.nowMs();
  await sleep(clock, 0);
  const drain = { drain_timeout_ms: settings['drain-timeout'] };
  const detail = { slot: slot.name, events, ...(await factsOf(database)), ...drain };
  await store.log({ kind: 'relayer_started', detail, nowMs });
}

/** A server that goes away at this moment must not end a relayer that has just started: then only the process is on record. */
async function factsOf(database: RecordParts['database']) {
  try {
    return await database.facts();
  } catch (error) {
    if (isPassing(error)) return thisProcess;
    throw error;
  }
}

/** Tried once: a stop must not wait for a locked database. Never rejects. */
export async function recordStop({ slot, store, clock, log }: RecordParts): Promise<void> {
  const detail = { slot: slot.name, pid: thisProcess.pid };
  try {
    await store.log({ kind: 'relayer_stopped', detail, nowMs: clock.nowMs() });
  } catch (error) {
    log.warn('could not record the stop', { reason: errorText(error) });
  }
}
