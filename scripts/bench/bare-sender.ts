// HTTP's part of the limit: through the relayer's own client, or through undici's Pool with requests built and answers judged as a
// relayer must, and nothing more.
import type { Dispatcher } from 'undici';
// By the same path as the relayer, or a cold start would compare imports.
import UndiciPool from 'undici/lib/dispatcher/pool.js';
import { systemClock } from '../../apps/outbox/clock.ts';
import type { ClaimedEvent } from '../../apps/outbox/store.ts';
import { createDeliverer } from '../../apps/relayer/deliver.ts';
import { project } from './ground.ts';

/** A claimed event. */
export type BareRow = readonly [
  seq: number,
  id: string,
  businessId: string,
  eventType: string,
  payload: string,
];

export interface Sender {
  /** Sends all, as many at once as there are slots. Rejects when the gateway does not accept one. */
  sendAll(rows: readonly BareRow[]): Promise<void>;
  close(): Promise<void>;
}

/** `relayer`: its own. `pool`: undici's, as it is. */
export type Client = 'relayer' | 'pool';

/** Opens a client with as many connections as there are slots. */
export function openSender(client: Client, baseUrl: string, slots: number): Sender {
  return client === 'relayer' ? relayersSender(baseUrl, slots) : poolSender(baseUrl, slots);
}

/** As the relayer's default: long enough for every answer. */
const timeoutMs = 10_000;

function relayersSender(baseUrl: string, slots: number): Sender {
  const { deliver, close } = createDeliverer({
    ...{ baseUrl, projectId: project.id, apiKey: project.apiKey, concurrency: slots },
    ...{ connectTimeoutMs: timeoutMs, clock: systemClock },
  });
  const sendAll = async (rows: readonly BareRow[]) => {
    let next = 0;
    const sendOneByOne = async () => {
      for (let row = rows[next]; row !== undefined; row = rows[next]) {
        next += 1;
        const outcome = await deliver(eventOf(row), timeoutMs);
        if (outcome.kind !== 'accepted') throw new Error(`${notAccepted}: ${outcome.reason}`);
      }
    };
    await Promise.all(Array.from({ length: slots }, sendOneByOne));
  };
  return { sendAll, close };
}

const notAccepted = 'the gateway did not accept an event';

/** With what a client does not look at, or what is seldom there. Spelled out: spreading a constant in took 7 us. */
function eventOf([seq, id, businessId, eventType, payload]: BareRow): ClaimedEvent {
  return {
    seq,
    id,
    keySuffix: '',
    businessId,
    eventType,
    payload,
    headers: null,
    leaseId: '',
    attempts: 0,
    claims: 1,
    createdAtMs: 0,
  };
}

function poolSender(baseUrl: string, slots: number): Sender {
  const url = new URL(baseUrl);
  const pool = new UndiciPool(url.origin, {
    connections: slots,
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const path = `${url.pathname}/v1/projects/${project.id}/events/fanout`;
  const headers = { authorization: `Bearer ${project.apiKey}`, 'content-type': 'application/json' };
  const sendAll = (rows: readonly BareRow[]) =>
    new Promise<void>((resolve, reject) => {
      let next = 0;
      let left = rows.length;
      if (left === 0) return resolve();
      const sendNext = () => {
        const row = rows[next];
        if (row === undefined) return;
        next += 1;
        const onEnd = (isAccepted: boolean) => {
          if (!isAccepted) return reject(new Error(notAccepted));
          left -= 1;
          if (left === 0) return resolve();
          sendNext();
        };
        pool.dispatch({ path, method: 'POST', headers, body: bodyOf(row) }, new BareAnswer(onEnd, reject));
      };
      for (let slot = 0; slot < slots; slot++) sendNext();
    });
  return { sendAll, close: () => pool.destroy() };
}

function bodyOf([, id, businessId, eventType, payload]: BareRow): string {
  return `{"owner_id":${JSON.stringify(businessId)},"event_type":${JSON.stringify(eventType)},"idempotency_key":${JSON.stringify(id)},"data":${payload}}`;
}

/** Reads one answer and judges it as a relayer must: 201, JSON, `status` true. */
class BareAnswer implements Dispatcher.DispatchHandler {
  readonly #onEnd: (isAccepted: boolean) => void;
  readonly #onError: (error: Error) => void;
  #status = 0;
  #type = '';
  #body = '';

  constructor(onEnd: (isAccepted: boolean) => void, onError: (error: Error) => void) {
    this.#onEnd = onEnd;
    this.#onError = onError;
  }

  onRequestStart(): void {}

  onResponseStart(_: unknown, status: number, headers: Record<string, string | string[] | undefined>): void {
    this.#status = status;
    this.#type = String(headers['content-type']);
  }

  onResponseData(_: unknown, chunk: Buffer): void {
    this.#body += chunk.toString('utf8');
  }

  onResponseEnd(): void {
    const isJson = this.#type.startsWith('application/json');
    const answer: unknown = isJson ? JSON.parse(this.#body) : null;
    const isTrue =
      typeof answer === 'object' && answer !== null && 'status' in answer && answer.status === true;
    this.#onEnd(this.#status === 201 && isTrue);
  }

  onResponseError(_: unknown, error: Error): void {
    this.#onError(error);
  }
}
