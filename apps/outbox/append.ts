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
  /** W3C trace context, sent as the header `traceparent`. */
  readonly traceparent?: string | undefined;
}

/**
 * The client that Prisma passes to the callback of `$transaction`, of any generated client that contains the `Event`
 * model. A root client does not fit: its write would be a transaction of its own.
 */
export interface OutboxTransaction {
  readonly event: { create(args: EventCreate): PromiseLike<{ readonly id: string }> };
  readonly $connect?: never;
}

interface EventCreate {
  data: { businessId: string; eventType: string; payload: string; headers: string | null };
  select: { id: true };
}

/**
 * Adds an event to the open transaction and returns its id, which is also its idempotency key.
 * Throws ERR_OUTBOX_EVENT_INVALID when Convoy could not deliver it; the message names the field and what to do. Let
 * the error leave the callback, and Prisma rolls everything back. Errors of the database pass unchanged.
 */
export async function append(tx: OutboxTransaction, event: NewEvent): Promise<string> {
  // A tree without TypeScript, or a cast, can still hand in the root client: only that one can connect.
  if ('$connect' in tx) {
    throw invalid(
      'append was given the root client: give it the client that $transaction passes to its callback',
    );
  }
  const text = textOf(event);
  const problem = problemOfEvent(text);
  if (problem !== null) throw invalid(problem);
  const row = await tx.event.create({
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

/** Version, trace id, parent id and flags (W3C Trace Context, section 3.2). */
const traceparentForm = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

function headersText({ headers, traceparent }: NewEvent): string | null {
  if (traceparent === undefined) return headers === undefined ? null : objectText(headers);
  if (!traceparentForm.test(traceparent)) {
    throw invalid('traceparent is not a W3C trace context: pass it on as it came, or leave it out');
  }
  if (Object.keys(headers ?? {}).some((name) => name.toLowerCase() === 'traceparent')) {
    throw invalid('traceparent is given twice: leave it out of the headers');
  }
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
