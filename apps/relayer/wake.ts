// A hint that somebody may have committed. It watches the folder of the database (never the files, so that it opens no
// descriptor on them) and asks SQLite's data_version, the judge. A missed hint costs one poll interval, never an event.
import { watch } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../outbox/clock.ts';
import type { Log } from '../outbox/log.ts';

export interface WakeOptions {
  readonly databaseFile: string;
  /** Changes when another connection has committed. */
  readonly dataVersion: () => number;
  readonly onChange: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

// A writer that syncs (FULL) touches the -wal file before its commit can be seen, and nothing touches it afterwards:
// one look per file event misses every commit. So an event means "a commit is under way", and is followed by looks at
// growing distances. A slow disk's fsync fits into the last ones.
const lookAfterMs: readonly number[] = [0, 1, 1, 2, 4, 8, 16, 32, 64, 128, 256];

/** Starts watching; returns a function that stops. */
export function startWake(options: WakeOptions): () => void {
  const { clock, dataVersion, onChange } = options;
  const names = new Set([path.basename(options.databaseFile), `${path.basename(options.databaseFile)}-wal`]);
  let seen = dataVersion();
  let step = lookAfterMs.length;
  let cancel: (() => void) | null = null;

  const look = () => {
    const current = dataVersion();
    if (current !== seen) {
      seen = current;
      onChange();
    }
    schedule();
  };
  const schedule = () => {
    const delayMs = lookAfterMs[step];
    step += 1;
    cancel = delayMs === undefined ? null : delayMs === 0 ? clock.soon(look) : clock.after(delayMs, look);
  };
  const startLadder = () => {
    const isFirst = step === 1 && cancel !== null;
    if (isFirst) return;
    cancel?.();
    step = 0;
    schedule();
  };

  const stopWatching = watchFolder(options, (name) => {
    if (name === null || names.has(name)) startLadder();
  });
  return () => {
    cancel?.();
    stopWatching();
  };
}

function watchFolder({ databaseFile, log }: WakeOptions, onEvent: (name: string | null) => void): () => void {
  try {
    const watcher = watch(path.dirname(databaseFile), (_event, name) => onEvent(name));
    watcher.on('error', (error) => {
      log.warn('file events stopped, relying on the poll interval', { error });
      watcher.close();
    });
    return () => watcher.close();
  } catch (error) {
    log.warn('no file events here, relying on the poll interval', { error });
    return () => {};
  }
}
