// What a fault of the gateway leads to: a row of the matrix, and the few kinds of consequences there are.
import type { EventColumns } from '../outbox-database.ts';
import type { Fault } from './faulty-gateway.ts';

export interface FaultRow {
  readonly what: string;
  readonly fault: Fault;
  readonly becomes: Consequence;
  /** What `last_error` says. */
  readonly reason?: RegExp;
  /** How long it lasts, with 20 more events; 3 s unless told. */
  readonly forMs?: number;
  /** The pause that Convoy asks for, as it is obeyed. */
  readonly pauseMs?: number;
  /** An event is delivered before, so that a connection is there. */
  readonly isWarm?: true;
  /** The host by which the gateway is reached; 127.0.0.1 unless told. */
  readonly host?: 'no-such-host.invalid' | 'localhost';
}

export interface Consequence {
  readonly name: string;
  /** The event's row after its first answer. */
  readonly event: EventColumns;
  /** What tells it first, and what tells that the gateway is paused. */
  readonly says: LogLine;
  readonly gatewaySays: LogLine | null;
  /** Whether the gateway is open after the event's answer, and after those to 20 others. */
  readonly isOpen: { readonly afterOne: boolean; readonly afterAll: boolean };
}

export type LogLine = readonly [level: 'error' | 'warn' | 'info' | 'debug', message: string];

const waiting: EventColumns = {
  status: 'pending',
  wait_reason: 'gateway',
  attempts: 0,
  claims: 0,
  lease_id: null,
};
const waits = ['debug', 'event waits for the gateway, no attempt counted'] as const;
const pauses = ['warn', 'gateway unavailable, events wait'] as const;

/** Not now: the event waits, and several of them in a row pause the gateway. */
export const notNow: Consequence = {
  name: 'the event waits, several in a row pause the gateway',
  event: waiting,
  says: waits,
  gatewaySays: pauses,
  isOpen: { afterOne: true, afterAll: false },
};

/** No connection can be made: nothing is there that could take any event. */
export const nobodyThere: Consequence = {
  ...notNow,
  name: 'the event waits, the gateway is paused at once',
  isOpen: { afterOne: false, afterAll: false },
};

/** Convoy says itself for how long it wants to be left alone. */
export const askedToWait: Consequence = {
  ...notNow,
  name: 'the event waits, the gateway is paused at once',
  isOpen: { afterOne: false, afterAll: false },
};

/** Nothing that a retry mends, unless it is Convoy's own database that is down. */
export const wrongSetting: Consequence = {
  ...askedToWait,
  name: 'the event waits, the gateway is paused at once, an error says what to check',
  gatewaySays: ['error', 'gateway refuses, events wait'],
};

/** It hits one request here and there. */
export const passing: Consequence = {
  ...notNow,
  name: 'the event waits, the gateway stays open',
  gatewaySays: null,
  isOpen: { afterOne: true, afterAll: true },
};

/** Convoy's word against the event; nothing is counted as long as it is only a word. */
export const aboutTheEvent: Consequence = {
  name: 'the event is held until another is accepted, the gateway stays open',
  event: { ...waiting, wait_reason: 'evidence' },
  says: ['warn', 'event rejected, held until another event is accepted'],
  gatewaySays: null,
  isOpen: { afterOne: true, afterAll: true },
};

export const taken: Consequence = {
  name: 'the event is processed',
  event: { ...waiting, status: 'processed', wait_reason: null, last_error: null },
  says: ['info', 'event accepted'],
  gatewaySays: null,
  isOpen: { afterOne: true, afterAll: true },
};

/** Of a row in which nothing comes before the deadline of a delivery. */
export const late = { reason: /^no answer within 10000 ms$/, forMs: 12_000 } as const;
