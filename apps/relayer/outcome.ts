// What one reply of Convoy means, as a pure function of the reply. The table is Convoy 26.7.3's measured behaviour:
// a 400 is mostly Convoy's own outage, and a 401 may be a good key while Convoy's database is down. So only an answer
// that is recognised as being about this event rejects it; everything else means "not now".

/** What sending an event once came to. */
export type Outcome = { readonly kind: 'accepted' } | FailedOutcome;

/** What is no acceptance. */
export type FailedOutcome =
  /** Convoy says that this very event is wrong. */
  { readonly kind: 'rejected'; readonly reason: string } | Unavailable;

/** No verdict on the event: an outage, a limit, a timeout, or something that is not Convoy. */
export interface Unavailable {
  readonly kind: 'unavailable';
  readonly reason: string;
  readonly reach: Reach;
  /** How long Convoy asked us to wait; null when it did not. */
  readonly retryAfterMs: number | null;
  /** What a person should check when the answer looks like a wrong setting; null when it does not. */
  readonly check: string | null;
}

/**
 * How far the request came. `unreached`: it was never sent, since no connection could be made (refused, no address, no
 * route, TLS); that says nothing of the event. `cut`: the connection ended before an answer began; Convoy ended, or a
 * proxy without it, or an idle connection was closed as it was used again; seldom it is about the event (a firewall).
 * `reached`: an answer, whole or not, or silence until the deadline, which an event may have caused.
 */
export type Reach = 'unreached' | 'cut' | 'reached';

/** The parts of an HTTP reply that count. */
export interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

/** What is needed to understand a reply that is no acceptance. */
export interface ReplyContext {
  /** Epoch ms: a Retry-After may be a date. */
  readonly nowMs: () => number;
  /** Masks what must not be quoted. It comes before any cut: of a text that was cut nobody can tell what it was. */
  readonly mask: (text: string) => string;
}

/** Retry-After is honoured up to five minutes: a longer or absurd one is tried again then. */
export const longestRetryAfterMs = 300_000;
/** A 429 without a usable Retry-After waits this long. */
const plainRateLimitMs = 1_000;

const accepted: Outcome = { kind: 'accepted' };

/** Classifies a complete reply. */
export function outcomeOfReply(reply: Reply, context: ReplyContext): Outcome {
  const answer = convoyAnswer(reply);
  if (reply.status === 201 && answer?.status === true) return accepted;
  // Anything may stand there: what is no text is quoted as a part of the body.
  const message = typeof answer?.message === 'string' ? answer.message : undefined;
  const reason = reasonText(reply.status, context.mask(message ?? reply.body));
  if (isAboutTheEvent(reply.status, message)) return { kind: 'rejected', reason };
  return {
    kind: 'unavailable',
    reason,
    reach: 'reached',
    retryAfterMs: retryAfterMs(reply, context.nowMs()),
    check: settingToCheck(reply.status, answer !== null),
  };
}

/** The outcome of a request that got no complete reply. */
export function outcomeOfFailure(failure: Pick<Unavailable, 'reason' | 'reach'>): Unavailable {
  return { kind: 'unavailable', ...failure, retryAfterMs: null, check: null };
}

/** Convoy's envelope, or null when the reply is not Convoy's JSON. */
function convoyAnswer(reply: Reply): { readonly status: unknown; readonly message?: unknown } | null {
  if (!reply.contentType.toLowerCase().startsWith('application/json')) return null;
  try {
    const body: unknown = JSON.parse(reply.body);
    return typeof body === 'object' && body !== null && 'status' in body ? body : null;
  } catch {
    return null;
  }
}

const aboutTheEvent = [/^body (contains|must)/, /^[a-z_]+:please provide/, /SQLSTATE 22021/];

function isAboutTheEvent(status: number, message: string | undefined): boolean {
  if (status === 413 || status === 431) return true;
  return status === 400 && message !== undefined && aboutTheEvent.some((pattern) => pattern.test(message));
}

function settingToCheck(status: number, isConvoy: boolean): string | null {
  switch (true) {
    case status === 401 || status === 403:
      return 'CONVOY_API_KEY and CONVOY_PROJECT_ID (Convoy also answers 401 while its own database is down)';
    case status === 404 || status === 405 || status === 415:
    case status >= 300 && status < 400:
    case status >= 200 && status < 300 && !(status === 201 && isConvoy):
      return 'CONVOY_BASE_URL (this does not look like the API of Convoy)';
    default:
      return null;
  }
}

function retryAfterMs(reply: Reply, nowMs: number): number | null {
  const given = parseRetryAfter(reply.retryAfter, nowMs);
  return given === null && reply.status === 429 ? plainRateLimitMs : given;
}

const seconds = /^\s*\d+\s*$/;
/** Every form of an HTTP date begins with the day's name; Date.parse alone makes a date of `-5` too. */
const httpDate = /^\s*(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/;

/** Seconds or an HTTP date, capped to five minutes; null when absent or unreadable. */
function parseRetryAfter(text: string | undefined, nowMs: number): number | null {
  if (text === undefined || !(seconds.test(text) || httpDate.test(text))) return null;
  const waitMs = seconds.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return Number.isNaN(waitMs) ? null : Math.min(Math.max(0, waitMs), longestRetryAfterMs);
}

const longestReason = 300;

/** One line for logs and `last_error`: the status and what Convoy said, cut to a readable length. */
function reasonText(status: number, said: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a reply may hold anything; a log line must not
  const clean = said.replaceAll(/[\u0000-\u001f\u007f]+/g, ' ').trim();
  return `HTTP ${status}${clean === '' ? '' : `: ${clean.slice(0, longestReason)}`}`;
}
