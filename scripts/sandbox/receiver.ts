// The businesses' side of the demo: an HTTP endpoint that does with a webhook what a careful customer should do.
// It checks the signature over the raw body, then the key it may have seen already, and only then reads the event.
import type { Activity } from './activity.ts';
import { businessOf, type Endpoint } from './endpoint.ts';
import type { EndpointBook } from './endpoint-book.ts';
import { type Exchange, jsonReply, sendReply } from './reply.ts';
import { readRequestBody } from './request-body.ts';
import { type SignatureVerdict, verifySignature } from './signature.ts';

export interface ReceiverCounts {
  /** Webhooks taken for the first time. */
  readonly received: number;
  /** Webhooks with a key taken before: answered 200 and ignored. */
  readonly repeated: number;
  /** Refused for their signature. */
  readonly refused: number;
}

export interface Receiver {
  /** Answers `POST /_sandbox/receiver/{owner}`. */
  handle(exchange: Exchange, owner: string): Promise<void>;
  counts(): ReceiverCounts;
}

/** Keys remembered for deduplication; beyond this the oldest are forgotten. */
const MAX_KEYS = 500_000;
const BODY_LIMITS = { stallMs: 30_000, maxBytes: 64 * 1024 * 1024 };

export function createReceiver(given: {
  readonly endpoints: EndpointBook;
  readonly activity: Activity;
}): Receiver {
  const { endpoints, activity } = given;
  const seen = new Set<string>();
  const counts = { received: 0, repeated: 0, refused: 0 };

  /** Remembers the webhook; false when it is a repeat. Without a key everything is new. */
  function remember(key: string): boolean {
    if (key === '') return true;
    if (seen.has(key)) return false;
    seen.add(key);
    const oldest = seen.size > MAX_KEYS ? seen.values().next().value : undefined;
    if (oldest !== undefined) seen.delete(oldest);
    return true;
  }

  /** Takes a genuine webhook; false when it is a repeat. */
  function take(endpoint: Endpoint, webhook: { readonly key: string; readonly rawBody: Buffer }): boolean {
    if (!remember(webhook.key)) {
      counts.repeated++;
      activity.info('webhook received again and ignored', () => ({
        event: webhook.key,
        ...businessOf(endpoint),
      }));
      return false;
    }
    counts.received++;
    activity.info('webhook received', () => ({
      event: webhook.key,
      ...eventTypeIn(webhook.rawBody),
      ...businessOf(endpoint),
    }));
    return true;
  }

  return {
    counts: () => ({ ...counts }),
    async handle(exchange, owner) {
      const body = await readRequestBody(exchange.req, BODY_LIMITS);
      const [endpoint, ...others] = endpoints.of(decodeURIComponent(owner));
      if (body.kind !== 'complete') return refuse(exchange, 400, 'the body did not come whole');
      if (endpoint === undefined) return refuse(exchange, 404, 'no business has this id');
      const verdict = verdictOf([endpoint, ...others], {
        header: headerText(exchange, 'x-convoy-signature'),
        rawBody: body.bytes,
        nowMs: Date.now(),
      });
      if (verdict.kind === 'refused') {
        counts.refused++;
        activity.warn('webhook refused', () => ({
          ...businessOf(endpoint),
          signature: verdict.reason,
        }));
        return refuse(exchange, 401, `signature ${verdict.reason}`);
      }
      const key = headerText(exchange, 'x-convoy-idempotency-key') ?? '';
      const isFirst = take(endpoint, { key, rawBody: body.bytes });
      sendReply(exchange, jsonReply(200, { received: true, repeated: !isFirst }));
    },
  };
}

/** A business may have several endpoints here: the signature of any of them is genuine. */
function verdictOf(
  endpoints: readonly [Endpoint, ...Endpoint[]],
  webhook: { readonly header: string | undefined; readonly rawBody: Buffer; readonly nowMs: number },
): SignatureVerdict {
  const [first, ...others] = endpoints.map(({ secret }) => verifySignature({ ...webhook, secret }));
  return others.find(({ kind }) => kind === 'valid') ?? first ?? { kind: 'refused', reason: 'missing' };
}

function refuse(exchange: Exchange, status: number, error: string): void {
  sendReply(exchange, jsonReply(status, { error }));
}

function headerText(exchange: Exchange, name: string): string | undefined {
  const value = exchange.req.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** The demo's payloads name their type; other applications' need not. */
function eventTypeIn(rawBody: Buffer): { readonly type?: string } {
  try {
    const body: unknown = JSON.parse(rawBody.toString());
    const hasType = typeof body === 'object' && body !== null && 'event_type' in body;
    return hasType ? { type: String(body.event_type) } : {};
  } catch {
    return {};
  }
}
