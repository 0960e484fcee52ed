// Adds an event inside the caller's own transaction: both are committed or neither. It refuses what could never be
// delivered, so that the business transaction rolls back instead of leaving a dead event behind. It sends nothing.
import { type EventText, problemOfEvent } from './event-rules.ts';
import { jsonTextOf } from './json-write.ts';
import { OutboxError } from './outbox-error.ts';

/** An event to append. */
export interface NewEvent {
  /** Whom it concerns: Convoy's `owner_id`, matched exactly. Printable, not blank, at most 255 characters. */
  readonly businessId: string;
  /** Such as `invoice.created`. Printable, not blank, at most 255 characters. */
  readonly eventType: string;
  /** The webhook's body: a JSON object of at most 1 MiB. Members that are undefined are left out, as JSON does. */
  readonly payload: object;
  /** Extra headers of the webhook. Not Convoy's own (content-type, user-agent, accept-encoding, x-convoy-*). */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * W3C trace context, sent as the header `traceparent`. The header of the request at hand may be passed as it came: what is
   * no trace context is left out, as the standard asks, since tracing must never cost a transaction.
   */
  readonly traceparent?: string | readonly string[] | undefined;
}

/**
 * The client that Prisma passes to the callback of `$transaction`, of any generated client that contains the outbox's
 * model, called `Event`, or `OutboxEvent` where the application has an `Event` of its own. A root client does not fit: its
 * write would be a transaction of its own.
 */
export type OutboxTransaction = { readonly $connect?: never } & (
  | { readonly event: EventModel }
  | { readonly outboxEvent: EventModel }
);

interface EventModel {
  create(args: EventCreate): PromiseLike<{ readonly id: string }>;
}

interface EventCreate {
  data: { businessId: string; eventType: string; payload: string; headers: string | null };
  select: { id: true };
}

/**
 * Adds an event to the open transaction and returns its id, which is also its idempotency key.
 * Throws ERR_OUTBOX_EVENT_INVALID when Convoy could not deliver it, or when `tx` is not such a client; the message says what to do. Let
 * the error leave the callback, and Prisma rolls everything back. Errors of the database pass unchanged.
 */
export async function append(tx: OutboxTransaction, event: NewEvent): Promise<string> {
  const model = modelOf(tx);
  const text = textOf(event);
  const problem = problemOfEvent(text);
  if (problem !== null) throw invalid(problem);
  const row = await model.create({
    data: {
      businessId: event.businessId,
      eventType: event.eventType,
      payload: text.payloadText,
      headers: text.headersText,
    },
    select: { id: true },
  });
  return row.id;
}

/** Without TypeScript, or behind a cast, anything can be handed in. Only a root client can connect. */
function modelOf(tx: OutboxTransaction): EventModel {
  if (typeof tx !== 'object' || tx === null) {
    throw invalid('append was given no client: its first argument is the one that $transaction passes on');
  }
  if ('$connect' in tx) {
    throw invalid(
      'append was given the root client: give it the client that $transaction passes to its callback',
    );
  }
  const model: EventModel | undefined = 'outboxEvent' in tx ? tx.outboxEvent : tx.event;
  if (model !== undefined) return model;
  throw invalid(
    'the client has no model Event or OutboxEvent: add what "npx outbox schema" prints to your Prisma schema, then run "npx prisma generate"',
  );
}

function textOf(event: NewEvent): EventText & { readonly payloadText: string } {
  for (const name of ['businessId', 'eventType'] as const) {
    if (typeof event[name] !== 'string') throw invalid(`${name} is not a string`);
  }
  const payload = jsonTextOf(event.payload);
  if (payload.kind === 'problem') {
    throw invalid(`payload ${payload.text}`, payload.cause);
  }
  return {
    businessId: event.businessId,
    eventType: event.eventType,
    payloadText: payload.text,
    headersText: headersText(event),
  };
}

/** Version, trace id, parent id and flags; `ff` and ids of zeros are forbidden (W3C Trace Context, section 3.2). */
const traceparentForm = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

function headersText({ headers, traceparent }: NewEvent): string | null {
  if (traceparent === undefined) return headers === undefined ? null : objectText(headers);
  if (Object.keys(headers ?? {}).some((name) => name.toLowerCase() === 'traceparent')) {
    throw invalid('traceparent is given twice: leave it out of the headers');
  }
  const isContext = typeof traceparent === 'string' && traceparentForm.test(traceparent);
  if (!isContext) return headers === undefined ? null : objectText(headers);
  return objectText({ ...headers, traceparent });
}

function objectText(headers: object): string {
  const written = jsonTextOf(headers);
  if (written.kind === 'problem') throw invalid(`headers: the object ${written.text}`, written.cause);
  return written.text;
}

function invalid(problem: string, cause?: unknown): OutboxError {
  return new OutboxError('ERR_OUTBOX_EVENT_INVALID', `the event was refused: ${problem}`, { cause });
}
