// Hands one event to Convoy once, over HTTP. It classifies the answer and never throws; it retries nothing, follows no
// redirect, and knows no database.
import type { Dispatcher } from 'undici';
import UndiciPool from 'undici/lib/dispatcher/pool.js';
import type { Clock } from '../outbox/clock.ts';
import type { ClaimedEvent } from '../outbox/store.ts';
import { failureText, isReset } from './connection-failure.ts';
import { Deadlines, type Timed } from './deadlines.ts';
import { firstAhead } from './first-ahead.ts';
import { type Outcome, outcomeOfFailure, outcomeOfReply, type Reach, type ReplyContext } from './outcome.ts';

/** Convoy closes a connection idle for 30 s with a plain FIN; a request racing it would fail. */
const idleSocketMs = 20_000;
/** Convoy's answers are under 1 KiB. More is not read: it is not Convoy. */
const longestAnswerBytes = 64 * 1024;

export interface DeliverOptions {
  /** Ends in `/api`. */
  readonly baseUrl: string;
  readonly projectId: string;
  readonly apiKey: string;
  /** Most requests at once, and so most sockets. */
  readonly concurrency: number;
  /** Bound on making a connection. */
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
}

/** Sends events. */
export interface Deliverer {
  /** Sends the event once and resolves with what came of it, within `timeoutMs` of the call. Never rejects. */
  deliver(event: ClaimedEvent, timeoutMs: number): Promise<Outcome>;
  /** Drops every connection; deliveries under way end as unavailable. */
  close(): Promise<void>;
}

/** Opens a pool of kept-alive connections to one project's intake. */
export function createDeliverer(options: DeliverOptions): Deliverer {
  const { clock } = options;
  const url = new URL(options.baseUrl);
  const pool = new UndiciPool(url.origin, {
    connections: options.concurrency,
    pipelining: 1,
    keepAliveTimeout: idleSocketMs,
    keepAliveMaxTimeout: idleSocketMs,
    connect: { timeout: options.connectTimeoutMs },
    // The whole request has one deadline of its own, which a drip-fed answer cannot stretch.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const path = `${url.pathname}/v1/projects/${encodeURIComponent(options.projectId)}/events/fanout`;
  const headers = { authorization: `Bearer ${options.apiKey}`, 'content-type': 'application/json' };
  const begin = firstAhead(clock);
  const deadlines = new Deadlines(clock);
  const context: ReplyContext = {
    nowMs: () => clock.nowMs(),
    // Never kept: a gateway that echoes the key would bring it into the database and the log.
    mask: (text) => text.replaceAll(options.apiKey, '***'),
  };
  return {
    deliver(event, timeoutMs) {
      return new Promise((resolve) => {
        const exchange = new Exchange({ clock, deadlines, context, timeoutMs, resolve });
        begin(() => {
          try {
            // Each part by its name: a spread takes 1.4 us here.
            pool.dispatch({ path, method: 'POST', headers, body: requestBody(event) }, exchange);
          } catch (error) {
            exchange.onResponseError(undefined, error);
          }
        });
      });
    },
    close: () => pool.destroy(),
  };
}

/**
 * The body that Convoy takes. The payload goes in as the text it has, so that numbers keep their digits and the same
 * event is always the same bytes.
 */
export function requestBody(event: ClaimedEvent): string {
  const { id, keySuffix, businessId, eventType, payload, headers } = event;
  const key = JSON.stringify(id + keySuffix);
  const custom = headers === null ? '' : `,"custom_headers":${headers}`;
  return `{"owner_id":${JSON.stringify(businessId)},"event_type":${JSON.stringify(eventType)},"idempotency_key":${key}${custom},"data":${payload}}`;
}

interface ExchangeOptions {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly context: ReplyContext;
  readonly timeoutMs: number;
  readonly resolve: (outcome: Outcome) => void;
}

/** One request and its answer, under one deadline. */
class Exchange implements Dispatcher.DispatchHandler, Timed {
  readonly untilMs: number;
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  readonly #context: ReplyContext;
  readonly #resolve: (outcome: Outcome) => void;
  readonly #timeoutMs: number;
  #controller: Dispatcher.DispatchController | undefined;
  #isOver = false;
  #isSent = false;
  /** 0 before an answer begins. */
  #status = 0;
  #contentType = '';
  #retryAfter: string | undefined;
  #body = '';
  #bodyBytes = 0;

  constructor({ clock, deadlines, context, timeoutMs, resolve }: ExchangeOptions) {
    this.#clock = clock;
    this.#deadlines = deadlines;
    this.#context = context;
    this.#resolve = resolve;
    this.#timeoutMs = timeoutMs;
    this.untilMs = clock.monotonicMs() + timeoutMs;
    deadlines.add(this);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // The last moment before the first byte. The deadline passed while a connection was being made, or this process stood
    // still, and its timer may not have run yet: somebody else may hold the event by now, and nothing is sent.
    if (this.#isOver || this.#clock.monotonicMs() >= this.untilMs) this.expire();
    else this.#isSent = true;
  }

  onResponseStart(_: unknown, status: number, headers: Record<string, string | string[] | undefined>): void {
    this.#status = status;
    this.#contentType = String(headers['content-type'] ?? '');
    this.#retryAfter = headers['retry-after'] === undefined ? undefined : String(headers['retry-after']);
  }

  onResponseData(_: unknown, chunk: Buffer): void {
    this.#bodyBytes += chunk.byteLength;
    if (this.#bodyBytes > longestAnswerBytes) {
      this.#giveUp(`HTTP ${this.#status}: answer longer than ${longestAnswerBytes} bytes`);
    } else {
      this.#body += chunk.toString('utf8');
    }
  }

  onResponseEnd(): void {
    const reply = {
      status: this.#status,
      contentType: this.#contentType,
      retryAfter: this.#retryAfter,
      body: this.#body,
    };
    this.#end(outcomeOfReply(reply, this.#context));
  }

  onResponseError(_: unknown, error: unknown): void {
    const isCut = this.#status === 0 && (this.#isSent || isReset(error));
    this.#end(outcomeOfFailure({ reason: failureText(error), reach: isCut ? 'cut' : this.#reach }));
  }

  expire(): void {
    this.#giveUp(`no ${this.#isSent ? 'answer' : 'connection'} within ${Math.round(this.#timeoutMs)} ms`);
  }

  #giveUp(reason: string): void {
    this.#end(outcomeOfFailure({ reason, reach: this.#reach }));
    this.#controller?.abort(new Error(reason));
  }

  get #reach(): Reach {
    return this.#isSent ? 'reached' : 'unreached';
  }

  #end(outcome: Outcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#deadlines.remove(this);
    const shown =
      outcome.kind === 'accepted' ? outcome : { ...outcome, reason: this.#context.mask(outcome.reason) };
    this.#resolve(shown);
  }
}
