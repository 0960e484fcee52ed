// Logs what happens often: each occurrence while it is rare, one summary a second when it is not, so that a
// newcomer sees every webhook and a flood costs nothing.
import type { Log, LogFields } from '../../apps/outbox/log.ts';

export interface Activity {
  /** Logs the occurrence, or only counts it when this second has had enough of the same message. */
  info(message: string, fields: () => LogFields): void;
  warn(message: string, fields: () => LogFields): void;
  error(message: string, fields: () => LogFields): void;
  /** Logs what was only counted. */
  stop(): void;
}

const SECOND_MS = 1000;

interface Count {
  readonly level: 'info' | 'warn' | 'error';
  times: number;
}

/** An activity that writes at most `linesPerSecond` (default 10) of each message in full. */
export function createActivity(log: Log, linesPerSecond = 10): Activity {
  const counts = new Map<string, Count>();
  let timer: NodeJS.Timeout | null = null;

  function endSecond(): void {
    timer = null;
    for (const [message, { level, times }] of counts) {
      const more = times - linesPerSecond;
      if (more > 0) log[level](`${message} (and more of the same within a second)`, { more });
    }
    counts.clear();
  }

  const note = (level: Count['level']) => (message: string, fields: () => LogFields) => {
    const count = counts.get(message) ?? { level, times: 0 };
    if (count.times++ === 0) counts.set(message, count);
    timer ??= setTimeout(endSecond, SECOND_MS);
    if (count.times <= linesPerSecond) log[level](message, fields());
  };

  return {
    info: note('info'),
    warn: note('warn'),
    error: note('error'),
    stop() {
      if (timer !== null) clearTimeout(timer);
      endSecond();
    },
  };
}
