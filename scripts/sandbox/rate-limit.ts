// Convoy's rate limit: a bucket of tokens that fills at a steady rate. One for posted events, one for reads.
import { errorReply, type Reply } from './reply.ts';

export interface RateLimit {
  /** Requests that may come at once. 0 switches the limit off. Convoy: 60,000. */
  readonly burst: number;
  /** Requests per second in the long run, above 0. Convoy: 1,000. */
  readonly perSecond: number;
}

/** Takes a token, or says in how many whole seconds (at least 1) there will be one. */
export type RateLimiter = (nowMs: number) => { readonly kind: 'admitted' } | RateRefusal;

export interface RateRefusal {
  readonly kind: 'limited';
  readonly waitSeconds: number;
}

/** A full bucket. `nowMs` is monotonic time. */
export function createRateLimiter(limit: RateLimit): RateLimiter {
  let tokens = limit.burst;
  let filledAtMs = Number.NaN;
  return (nowMs) => {
    if (limit.burst === 0) return { kind: 'admitted' };
    const elapsedMs = Number.isNaN(filledAtMs) ? 0 : nowMs - filledAtMs;
    tokens = Math.min(limit.burst, tokens + (elapsedMs * limit.perSecond) / 1000);
    filledAtMs = nowMs;
    if (tokens < 1) {
      return { kind: 'limited', waitSeconds: Math.max(1, Math.ceil((1 - tokens) / limit.perSecond)) };
    }
    tokens--;
    return { kind: 'admitted' };
  };
}

/** The 429 that Convoy answers. Successful replies carry no such headers. */
export function rateLimitReply(limit: RateLimit, refusal: RateRefusal): Reply {
  const waitSeconds = String(refusal.waitSeconds);
  return errorReply(429, 'exceeded rate limit', {
    'Retry-After': waitSeconds,
    'X-RateLimit-Limit': String(limit.burst),
    'X-RateLimit-Remaining': '0',
    'X-RateLimit-Reset': waitSeconds,
  });
}
