// The faults that the sandbox can be told to show, as plain data. What each one does to a reply is elsewhere.

/** A reply of the given status in place of Convoy's own. Nothing is stored. */
export interface StatusFault {
  readonly kind: 'status';
  /** 200 to 599. */
  readonly status: number;
  /** Text for a reply in Convoy's shape, `{"status":false,"message":...}`. */
  readonly message?: string;
  /** Raw body instead of `message`; give its content type in `headers`. Default: an empty body of JSON type. */
  readonly body?: string;
  /** Added to the reply's own headers, or in place of them. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The right reply, `delayMs` late. Stored at once. It may come together with one other fault. */
export interface SlowFault {
  readonly kind: 'slow';
  readonly delayMs: number;
}

/** No reply at all, until the client gives up. `hang` stores nothing, `hang-after-accepting` does. */
export interface HangFault {
  readonly kind: 'hang' | 'hang-after-accepting';
}

/** The connection is reset: `reset` when the headers have come, `reset-after-accepting` once it is stored. */
export interface ResetFault {
  readonly kind: 'reset' | 'reset-after-accepting';
}

/** 400 `task ID conflicts with another task`, yet stored: Convoy's queue lost its own reply. */
export interface LostReplyFault {
  readonly kind: 'lost-reply';
}

/** A reply that is not Convoy's JSON, as from a proxy or a broken build. */
export interface GarbageFault {
  readonly kind: 'garbage';
  readonly shape: GarbageShape;
  /** Whether the event was stored all the same. Default false. */
  readonly stored?: boolean;
}

/** 201 with HTML; 201 with JSON that breaks off; 200 with HTML; 201 with `{"status":false}`. */
export type GarbageShape = 'html-201' | 'truncated-json-201' | 'html-200' | 'status-false-201';

/** A redirect. Nothing is stored. */
export interface RedirectFault {
  readonly kind: 'redirect';
  /** 301, 302, 303, 307 or 308. Default 302. */
  readonly status?: number;
  /** Default `/`, where the sandbox answers 200 with HTML. */
  readonly location?: string;
}

/** The right reply, its body in pieces of `pieceBytes` every `everyMs`. Stored at once. */
export interface DripFault {
  readonly kind: 'drip';
  readonly everyMs: number;
  /** Default 1. */
  readonly pieceBytes?: number;
}

/** 201 with an endless-looking JSON body. */
export interface HugeReplyFault {
  readonly kind: 'huge-reply';
  /** Default 60 MB. */
  readonly replyBytes?: number;
  /** Whether the event was stored all the same. Default false. */
  readonly stored?: boolean;
}

/**
 * The worst one: 201, but nothing is stored and **no line is written to the ledger**. With it a test proves that a
 * verdict drawn from the ledger fails when an event is lost.
 */
export interface ForgetFault {
  readonly kind: 'forget';
}

/**
 * 201, a ledger line, and no row: Convoy's queue in memory is gone, and nothing in its answers shows it. Only reading
 * back does. It lasts until the sandbox is restarted (or the fault is ended); what it lost stays lost.
 */
export interface AcceptedLostFault {
  readonly kind: 'accepted-lost';
}

export type Fault =
  | StatusFault
  | SlowFault
  | HangFault
  | ResetFault
  | LostReplyFault
  | GarbageFault
  | RedirectFault
  | DripFault
  | HugeReplyFault
  | ForgetFault
  | AcceptedLostFault;

export type FaultKind = Fault['kind'];

/** Which requests a fault touches. Without any of these: every event. */
export interface FaultScope {
  /** Chance per request, above 0 and up to 1. Default 1. */
  readonly probability?: number;
  /** How many requests it touches before it is over. Default: no limit. */
  readonly remaining?: number;
  /** Only the event with this idempotency key. Not for `reset`, which comes before the key is read. */
  readonly key?: string;
  /** Only events of this owner. Not for `reset` either. */
  readonly owner?: string;
  /** `events` (default): posted events; `reads`: the other routes; `all`: both. */
  readonly traffic?: 'events' | 'reads' | 'all';
}

/** A fault as it is ordered. */
export type FaultOrder = Fault & FaultScope;

/** Whether the event is accepted, with a line in the ledger, although this fault touches it. */
export function isStoredDespite(fault: Fault): boolean {
  switch (fault.kind) {
    case 'slow':
    case 'drip':
    case 'lost-reply':
    case 'hang-after-accepting':
    case 'reset-after-accepting':
    case 'accepted-lost':
      return true;
    case 'garbage':
    case 'huge-reply':
      return fault.stored ?? false;
    case 'status':
    case 'hang':
    case 'reset':
    case 'redirect':
    case 'forget':
      return false;
    default:
      return fault satisfies never;
  }
}

/** Whether this fault has a meaning only for an event that could be accepted: reads and bad bodies pass it by. */
export function needsEvent(kind: FaultKind): boolean {
  return ['hang-after-accepting', 'reset-after-accepting', 'lost-reply', 'forget', 'accepted-lost'].includes(
    kind,
  );
}

/** Replies that a real Convoy was seen to give in trouble, ready to be ordered. Nothing is stored under them. */
export const knownTroubles = {
  redisRefused: {
    kind: 'status',
    status: 400,
    message: 'UNKNOWN: redis eval error: dial tcp 127.0.0.1:6379: connect: connection refused',
  },
  postgresRefused: {
    kind: 'status',
    status: 400,
    message:
      'failed to connect to `user=convoy database=convoy`: 127.0.0.1:5432 (127.0.0.1): dial error: dial tcp 127.0.0.1:5432: connect: connection refused',
  },
  /** What a good key hears while PostgreSQL is down: the same as a bad key. */
  postgresDownAtAuth: { kind: 'status', status: 401, message: 'authorization failed' },
  projectUnknown: { kind: 'status', status: 400, message: 'failed to retrieve project' },
  crashed: { kind: 'status', status: 500 },
  unavailable: {
    kind: 'status',
    status: 503,
    body: 'upstream unavailable',
    headers: { 'Content-Type': 'text/plain' },
  },
  rateLimited: {
    kind: 'status',
    status: 429,
    message: 'exceeded rate limit',
    headers: {
      'Retry-After': '1',
      'X-RateLimit-Reset': '1',
      'X-RateLimit-Limit': '60000',
      'X-RateLimit-Remaining': '0',
    },
  },
} as const satisfies Readonly<Record<string, Fault>>;
