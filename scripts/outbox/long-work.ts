// Work that takes a while: one line that renews itself on a terminal, a plain line every few seconds elsewhere, both with the
// time left; and Ctrl-C, which ends it between two steps.
import process from 'node:process';
import { systemClock } from '../../apps/outbox/clock.ts';
import { cut } from './table.ts';
import { numberText, spanText } from './wording.ts';

export interface LongWork {
  /** Aborts at Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /** So much is done, of `total`; null while that is not known. */
  tell(done: number, total: number | null): void;
}

const renewEveryMs = 200;
const plainEveryMs = 5_000;

/** Runs `work` and tells of it on standard error. `unit` is what is counted, such as `events redriven`. */
export async function longWork<Result>(
  unit: string,
  work: (progress: LongWork) => Promise<Result>,
): Promise<Result> {
  const aborter = new AbortController();
  const stop = () => aborter.abort();
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const name of signals) process.once(name, stop);
  const startMs = systemClock.monotonicMs();
  let toldAtMs = startMs;
  const isTerminal = process.stderr.isTTY;
  const tell = (done: number, total: number | null) => {
    const nowMs = systemClock.monotonicMs();
    if (nowMs - toldAtMs < (isTerminal ? renewEveryMs : plainEveryMs)) return;
    toldAtMs = nowMs;
    const line = progressText({ unit, done, total, elapsedMs: nowMs - startMs });
    process.stderr.write(
      isTerminal ? `\r\u001b[K${cut(line, (process.stderr.columns || 80) - 1)}` : `${line}\n`,
    );
  };
  try {
    return await work({ signal: aborter.signal, tell });
  } finally {
    if (isTerminal) process.stderr.write('\r\u001b[K');
    for (const name of signals) process.removeListener(name, stop);
  }
}

/** Pure: exported for its test. */
export function progressText(state: {
  readonly unit: string;
  readonly done: number;
  readonly total: number | null;
  readonly elapsedMs: number;
}): string {
  const { unit, done, total, elapsedMs } = state;
  if (total === null || total === 0) return `${numberText(done)} ${unit}`;
  const share = Math.min(1, done / total);
  const left = share > 0 && share < 1 ? `, ${spanText((elapsedMs / share) * (1 - share))} left` : '';
  return `${numberText(done)} of ${numberText(total)} ${unit} (${Math.floor(share * 100)} %${left})`;
}
