// A hint that somebody may have committed. It watches the folder of the database (never the files, so that it opens no
// descriptor on them) and asks SQLite's data_version, the judge. A missed hint costs one poll interval, never an event.
import { existsSync, realpathSync, watch } from 'node:fs';
import path from 'node:path';
import type { FineClock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Woken } from '../outbox-database.ts';

export interface WakeOptions {
  readonly databaseFile: string;
  /** Changes when another connection has committed. */
  readonly dataVersion: () => number;
  readonly woken: Woken;
  readonly clock: FineClock;
  readonly log: Log;
}

// A writer that syncs (FULL) touches the -wal file before its commit can be seen, and nothing touches it afterwards:
// one look per file event misses every commit. So an event means "a commit is under way", and is followed by looks at
// growing distances. A slow disk's fsync fits into the last ones: on one that others kept busy half a second was not enough.
const lookAfterMs: readonly number[] = [0, 1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048];
/** A look that is to come so soon is not put off by a further event: events may come faster than that, without end. */
const nearMs = 1;
/**
 * A good disk's fsync takes 0.2 to 2 ms, and timers of a millisecond miss its end by as much again. So whoever has nothing in flight
 * looks up to so many times with 0.15 to 0.2 ms between, until it has seen a commit. COMMIT to arrival at 20/s, p50: 2.0 ->
 * 1.2 ms, with no more CPU per event.
 */
const shortLooks = 16;

/** Starts watching; returns a function that stops. */
export function startWake(options: WakeOptions): () => void {
  const { clock, dataVersion, woken, log } = options;
  // SQLite follows symbolic links and keeps the -wal beside the real file.
  const file = existsSync(options.databaseFile) ? realpathSync(options.databaseFile) : options.databaseFile;
  const names = new Set([path.basename(file), `${path.basename(file)}-wal`]);
  let seen = dataVersion();
  let step = lookAfterMs.length;
  let cancel: (() => void) | null = null;
  let isLookNear = false;
  let shortLooksLeft = 0;

  /** A database too sick to be asked counts as changed: the loop's next turn meets the same error and deals with it. */
  const hasChanged = () => {
    try {
      const before = seen;
      seen = dataVersion();
      return seen !== before;
    } catch {
      return true;
    }
  };
  const look = () => {
    if (hasChanged()) {
      shortLooksLeft = 0;
      woken.wake();
    }
    schedule();
  };
  const schedule = () => {
    if (step > 0 && shortLooksLeft > 0 && woken.isQuiet) {
      shortLooksLeft -= 1;
      isLookNear = true;
      cancel = clock.shortly(look);
      return;
    }
    const delayMs = lookAfterMs[step];
    isLookNear = delayMs !== undefined && delayMs <= nearMs;
    step += 1;
    cancel = delayMs === undefined ? null : delayMs === 0 ? clock.soon(look) : clock.after(delayMs, look);
  };
  const startLadder = () => {
    if (isLookNear) {
      // It is the first of the new ladder. A relayer that drains a backlog is told of each of its own writes.
      step = Math.min(step, 2);
      return;
    }
    cancel?.();
    step = 0;
    shortLooksLeft = shortLooks;
    schedule();
  };

  const stopWatching = watchFolder(path.dirname(file), log, (name) => {
    if (name === null || names.has(name)) startLadder();
  });
  return () => {
    cancel?.();
    stopWatching();
  };
}

function watchFolder(folder: string, log: Log, onEvent: (name: string | null) => void): () => void {
  try {
    const watcher = watch(folder, (_event, name) => onEvent(name));
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
