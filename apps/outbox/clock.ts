// Time, passed in everywhere else, so that a simulation can own it. Only this file asks the system.
import { setMaxListeners } from 'node:events';
import { performance } from 'node:perf_hooks';

/** A source of time and timers. */
export interface Clock {
  /** Wall clock, epoch milliseconds. It may step backwards or forwards. */
  nowMs(): number;
  /** Milliseconds since some fixed point; never steps. Compare only with itself. */
  monotonicMs(): number;
  /** Calls back once after `delayMs` (at least 0); returns a function that cancels. Keeps the process alive. */
  after(delayMs: number, callback: () => void): () => void;
  /** Calls back after pending I/O has been looked at: the shortest pause there is. Returns a cancel function. */
  soon(callback: () => void): () => void;
}

/** A clock for who looks at something within a millisecond. */
export interface FineClock extends Clock {
  /**
   * Calls back after 0.1 ms, to which Linux adds some 0.05, and pending I/O: a pause that timers, good to 1 ms, do not have. For it the
   * event loop stands still, so use it only where nothing else would be done in that time. Returns a cancel function.
   */
  shortly(callback: () => void): () => void;
}

/** The longest delay that Node's timers take: 2^31 - 1 ms. */
const LONGEST_TIMER_MS = 2_147_483_647;

const shortPauseMs = 0.1;
/** What nobody ever wakes: waiting for it is a sleep of this thread, without timers. */
const neverWoken = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** The system's time. */
export const systemClock: FineClock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(0, delayMs), LONGEST_TIMER_MS));
    return () => clearTimeout(timer);
  },
  soon(callback) {
    const immediate = setImmediate(callback);
    return () => clearImmediate(immediate);
  },
  shortly(callback) {
    Atomics.wait(neverWoken, 0, 0, shortPauseMs);
    return systemClock.soon(callback);
  },
};

/** Resolves after `delayMs`, or at once when `signal` aborts. Never rejects. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    // A relayer has more than ten sleepers while Convoy is asked about several businesses: Node would warn of a leak.
    if (signal !== undefined) setMaxListeners(0, signal);
    const wake = () => {
      cancel();
      signal?.removeEventListener('abort', wake);
      resolve();
    };
    const cancel = clock.after(delayMs, wake);
    signal?.addEventListener('abort', wake, { once: true });
  });
}

/** ISO-8601 with milliseconds and `+00:00`: the form that Prisma binds and that the SQL defaults write. */
export function isoText(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '+00:00');
}

/** Returns what tells which share of the time since this call the event loop has spent on anything but waiting, 0 to 1. */
export function busyShareSince(): () => number {
  const before = performance.eventLoopUtilization();
  return () => performance.eventLoopUtilization(performance.eventLoopUtilization(), before).utilization;
}
