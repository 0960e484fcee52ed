// Convoy's API beyond delivering: one bounded request. A handful of requests a minute,
// through got, which takes 30 to 100 ms to load: it is loaded by the first question.
import type { Response } from 'got';

export interface ConvoyAccess {
  /** Ends in `/api`. */
  readonly baseUrl: string;
  readonly projectId: string;
  readonly apiKey: string;
  /** Bound on the whole request. */
  readonly timeoutMs: number;
}

export interface ReadRequest {
  /** What follows the project in the path, such as `/events`; empty for the project itself. */
  readonly path: string;
  /** `instance`: the path follows the list of all projects instead, for which only a person's key is good. */
  readonly scope?: 'project' | 'instance';
  readonly parameters?: Readonly<Record<string, string>>;
  /** A longer answer is cut off. Default 1 MiB. */
  readonly longestBytes?: number;
  /** Ends the request, which is then unreadable. */
  readonly signal?: AbortSignal;
}

/** What a GET came to. Anything but Convoy's own answer says nothing about what was asked for. */
export type ConvoyRead =
  /** The `data` of a 200 in Convoy's envelope, and the server's time (Date header, epoch ms) if it told it. */
  | { readonly kind: 'read'; readonly data: unknown; readonly serverMs: number | null }
  | Unreadable
  /** The answer is longer than allowed. */
  | { readonly kind: 'too-large' };

/** No answer to what was asked: try again later. */
export interface Unreadable {
  readonly kind: 'unreadable';
  readonly reason: string;
  /** How long Convoy asked us to wait, at most five minutes; null when it did not. */
  readonly retryAfterMs: number | null;
  /** The HTTP status, if there was an answer at all. */
  readonly status?: number;
}

/** What asking for a change came to. */
export type ConvoyWrite =
  /** The `data` of a 201. */
  | { readonly kind: 'created'; readonly data: unknown }
  /** Convoy said no, in these words. */
  | { readonly kind: 'refused'; readonly status: number; readonly message: string }
  /** Whether it was done is not known. */
  | Unreadable
  | { readonly kind: 'too-large' };

const defaultLongestBytes = 1 << 20;
const longestRetryAfterMs = 300_000;

/** Asks the project's part of the API. Follows no redirect, retries nothing, never throws. */
export async function readConvoy(access: ConvoyAccess, request: ReadRequest): Promise<ConvoyRead> {
  const answer = await ask(access, request);
  return answer.kind === 'answer' ? readOf(answer.response) : answer;
}

/** Asks for something to be made (POST). Follows no redirect, retries nothing, never throws. */
export async function createInConvoy(
  access: ConvoyAccess,
  request: ReadRequest & { readonly body: Readonly<Record<string, unknown>> },
): Promise<ConvoyWrite> {
  const answer = await ask(access, request, request.body);
  if (answer.kind !== 'answer') return answer;
  const { response } = answer;
  const body = parsed(response.body);
  if (response.statusCode === 201 && memberOf(body, 'status') === true) {
    return { kind: 'created', data: memberOf(body, 'data') };
  }
  const message = memberOf(body, 'message');
  if (memberOf(body, 'status') === false && typeof message === 'string') {
    return { kind: 'refused', status: response.statusCode, message };
  }
  return unreadableOf(response);
}

type Answer =
  | { readonly kind: 'answer'; readonly response: Response<string> }
  | Unreadable
  | { readonly kind: 'too-large' };

async function ask(
  access: ConvoyAccess,
  request: ReadRequest,
  body?: Readonly<Record<string, unknown>>,
): Promise<Answer> {
  const { path, parameters = {}, longestBytes = defaultLongestBytes, scope = 'project' } = request;
  const tooLong = new AbortController();
  const signals = request.signal === undefined ? [tooLong.signal] : [tooLong.signal, request.signal];
  const place = scope === 'project' ? `/${encodeURIComponent(access.projectId)}` : '';
  try {
    const { default: got } = await import('got');
    const answer = got(`${access.baseUrl}/v1/projects${place}${path}`, {
      headers: { authorization: `Bearer ${access.apiKey}` },
      searchParams: parameters,
      ...(body === undefined ? {} : { method: 'POST', json: body }),
      timeout: { request: access.timeoutMs },
      retry: { limit: 0 },
      followRedirect: false,
      throwHttpErrors: false,
      // A compressed answer could be small on the wire and huge here.
      decompress: false,
      signal: AbortSignal.any(signals),
    });
    answer.on('downloadProgress', ({ transferred }) => {
      if (transferred > longestBytes) tooLong.abort();
    });
    return { kind: 'answer', response: await answer };
  } catch (error) {
    if (tooLong.signal.aborted) return { kind: 'too-large' };
    return { kind: 'unreadable', reason: codeOf(error), retryAfterMs: null };
  }
}

/** A member of a JSON object; undefined when there is none, or when it is no object. */
export function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}

function readOf(response: Response<string>): ConvoyRead {
  const body = response.statusCode === 200 ? parsed(response.body) : undefined;
  const serverMs = Date.parse(response.headers.date ?? '');
  if (memberOf(body, 'status') === true) {
    return {
      kind: 'read',
      data: memberOf(body, 'data'),
      serverMs: Number.isNaN(serverMs) ? null : serverMs,
    };
  }
  return unreadableOf(response);
}

function unreadableOf(response: Response<string>): Unreadable {
  const type = response.headers['content-type']?.split(';')[0] ?? 'no content type';
  const isConvoysNo = type === 'application/json' && response.statusCode >= 300;
  return {
    kind: 'unreadable',
    reason: `HTTP ${response.statusCode}${isConvoysNo ? '' : ` (${type}) instead of an answer`}`,
    retryAfterMs: retryAfterMs(response.headers['retry-after'], Date.parse(response.headers.date ?? '')),
    status: response.statusCode,
  };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** Seconds or a date, the latter against the server's own time. */
function retryAfterMs(text: string | undefined, serverMs: number): number | null {
  if (text === undefined) return null;
  const waitMs = /^\s*\d+\s*$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - serverMs;
  return Number.isNaN(waitMs) ? null : Math.min(Math.max(0, waitMs), longestRetryAfterMs);
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string'
    ? `${error.code}: ${error.message}`
    : error.message;
}
