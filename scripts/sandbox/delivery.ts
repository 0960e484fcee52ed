// Sends webhooks to the endpoints over real HTTP, a while after the event was stored, few at a time and in no
// order. One attempt each: Convoy's retries, 100 s apart, are not imitated.
import { Agent, request } from 'node:http';
import type { Activity } from './activity.ts';
import { createDelayLine } from './delay-line.ts';
import { businessOf, type Endpoint } from './endpoint.ts';
import { signatureHeader } from './signature.ts';

/** A webhook to be sent. */
export interface Webhook {
  readonly endpoint: Endpoint;
  /** The idempotency key; empty when the event had none. */
  readonly key: string;
  /** The body: the bytes of `data` as they were posted. */
  readonly data: Buffer;
  /** Blanks between tokens: Convoy then signs other bytes than it sends. */
  readonly hasBlanks: boolean;
  readonly customHeaders: Readonly<Record<string, string>>;
}

export interface DeliveryCounts {
  /** Waiting for their time or under way. */
  readonly waiting: number;
  /** Answered with 2xx. */
  readonly delivered: number;
  /** Answered otherwise, or not at all. */
  readonly failed: number;
  /** Never sent, because the payloads that waited already filled the memory set aside for them. */
  readonly shed: number;
}

export interface Deliveries {
  add(webhook: Webhook): void;
  counts(): DeliveryCounts;
  /** Forgets what waits and closes the connections. */
  stop(): void;
}

export interface DeliveryOptions {
  /** From the stored row to the webhook. */
  readonly deliverDelayMs: number;
  /** Webhooks under way at once. */
  readonly parallel: number;
  /** Payload bytes that may wait; what comes on top is shed. */
  readonly maxWaitingBytes: number;
  readonly activity: Activity;
}

const WEBHOOK_TIMEOUT_MS = 10_000;

export function createDeliveries(options: DeliveryOptions): Deliveries {
  const agent = new Agent({ keepAlive: true, maxSockets: options.parallel });
  const due: Webhook[] = [];
  const counts = { delivered: 0, failed: 0, shed: 0 };
  let underWay = 0;
  let waitingBytes = 0;
  const line = createDelayLine<Webhook>(options.deliverDelayMs, (webhook) => {
    due.push(webhook);
    sendNext();
  });

  function sendNext(): void {
    while (underWay < options.parallel && due.length > 0) {
      const webhook = takeAny(due);
      underWay++;
      send(webhook, agent, (failure) => {
        underWay--;
        waitingBytes -= webhook.data.length;
        if (failure === null) counts.delivered++;
        else {
          counts.failed++;
          options.activity.warn('webhook failed', () => ({
            event: webhook.key,
            ...businessOf(webhook.endpoint),
            reason: failure,
          }));
        }
        sendNext();
      });
    }
  }

  return {
    add(webhook) {
      if (waitingBytes + webhook.data.length > options.maxWaitingBytes) {
        counts.shed++;
        options.activity.warn('webhook shed: too many are waiting', () => ({ waitingBytes }));
        return;
      }
      waitingBytes += webhook.data.length;
      line.push(webhook);
    },
    counts: () => ({ ...counts, waiting: line.length() + due.length + underWay }),
    stop() {
      line.stop();
      due.length = 0;
      agent.destroy();
    },
  };
}

/** Takes a random one: Convoy promises no order, and nobody should get used to one. */
function takeAny(due: Webhook[]): Webhook {
  const index = Math.floor(Math.random() * due.length);
  const last = due.pop() as Webhook;
  const chosen = due[index] ?? last;
  if (index < due.length) due[index] = last;
  return chosen;
}

/**
 * Sends it once; `done` hears null after a 2xx, else what went wrong. A kept connection that the receiver was just closing as it was
 * used again is no attempt: another one follows at once.
 */
function send(webhook: Webhook, agent: Agent, done: (failure: string | null) => void): void {
  const outgoing = request(webhook.endpoint.url, {
    method: 'POST',
    agent,
    headers: headersOf(webhook),
    timeout: WEBHOOK_TIMEOUT_MS,
  });
  let failure: string | null = 'no answer';
  let isUnread = false;
  outgoing.on('response', (response) => {
    const status = response.statusCode ?? 0;
    failure = status >= 200 && status < 300 ? null : `status ${status}`;
    response.resume();
  });
  outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${WEBHOOK_TIMEOUT_MS} ms`)));
  outgoing.on('error', (error: NodeJS.ErrnoException) => {
    failure = error.message;
    isUnread = outgoing.reusedSocket && error.code === 'ECONNRESET';
  });
  outgoing.on('close', () => (isUnread ? send(webhook, agent, done) : done(failure)));
  outgoing.end(webhook.data);
}

function headersOf(webhook: Webhook): Record<string, string> {
  const { data, endpoint, key } = webhook;
  const body = webhook.hasBlanks ? Buffer.from(JSON.stringify(JSON.parse(data.toString()))) : data;
  const own: Record<string, string> = {
    'Content-Type': 'application/json',
    'Content-Length': String(data.length),
    'User-Agent': 'Convoy/26.7.3',
    'Accept-Encoding': 'gzip',
    ...(key === '' ? {} : { 'X-Convoy-Idempotency-Key': asRawUtf8(key.trim()) }),
    'X-Convoy-Signature': signatureHeader({ secret: endpoint.secret, body, nowMs: Date.now() }),
  };
  const taken = new Set(Object.keys(own).map((name) => name.toLowerCase()));
  for (const [name, value] of Object.entries(webhook.customHeaders)) {
    if (!taken.has(name.toLowerCase())) own[name] = asRawUtf8(value);
  }
  return own;
}

/** Header text as the UTF-8 bytes that Go would write; Node writes one byte per character. */
function asRawUtf8(text: string): string {
  return Buffer.from(text).toString('latin1');
}
