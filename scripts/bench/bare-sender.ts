// HTTP's part of the limit: requests through undici's Pool, built and judged as a relayer must, and nothing more.
import type { Dispatcher } from 'undici';
// By the same path as the relayer, or a cold start would compare imports.
import UndiciPool from 'undici/lib/dispatcher/pool.js';
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

/** Opens undici's pool with as many connections as there are slots. */
export function bareSender(baseUrl: string, slots: number): Sender {
  const url = new URL(baseUrl);
  const pool = new UndiciPool(url.origin, {
    connections: slots,
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const request = {
    path: `${url.pathname}/v1/projects/${project.id}/events/fanout`,
    method: 'POST' as const,
    headers: { authorization: `Bearer ${project.apiKey}`, 'content-type': 'application/json' },
  };
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
          if (!isAccepted) return reject(new Error('the gateway did not accept an event'));
          left -= 1;
          if (left === 0) return resolve();
          sendNext();
        };
        pool.dispatch({ ...request, body: bodyOf(row) }, new BareAnswer(onEnd, reject));
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
