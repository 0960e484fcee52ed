// One gate per database file in this process: whoever is inside has every connection to the file to itself. Two
// clients of one file share it, since SQLite makes the second one wait with the whole event loop, and the first could
// then never reach its COMMIT. It does not reach into other processes.
import { realpathSync } from 'node:fs';
import path from 'node:path';

/** Lets one through at a time, in the order of asking. */
export interface FileGate {
  /** The file's real path. */
  readonly file: string;
  /** Resolves when it is this caller's turn, with the function that lets the next one in (harmless to call twice). */
  enter(): Promise<() => void>;
}

const gates = new Map<string, FileGate>();

/** The gate of a file, the same for every spelling of its path. The file need not exist yet. */
export function gateOf(file: string): FileGate {
  const real = realPath(path.resolve(file));
  const known = gates.get(real);
  if (known !== undefined) return known;
  const gate = createGate(real);
  gates.set(real, gate);
  return gate;
}

function createGate(file: string): FileGate {
  let last: Promise<void> = Promise.resolve();
  return {
    file,
    enter() {
      const previous = last;
      let leave = () => {};
      last = new Promise((resolve) => {
        leave = resolve;
      });
      return previous.then(() => leave);
    },
  };
}

function realPath(absolute: string): string {
  try {
    return realpathSync(absolute);
  } catch {
    const folder = path.dirname(absolute);
    return folder === absolute ? absolute : path.join(realPath(folder), path.basename(absolute));
  }
}
