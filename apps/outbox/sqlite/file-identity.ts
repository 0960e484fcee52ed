// Notices that a file was replaced or removed while it was open: commits would go on succeeding into a file that nobody
// else sees. It only asks for the file's status; opening and closing a database here would drop this process's locks.
import { statSync } from 'node:fs';
import { OutboxError } from '../outbox-error.ts';

/** The file that was at a path at one moment. */
export interface FileIdentity {
  /** Whether the same file (device and inode) is still there. A status that cannot be read counts as the same. */
  check(): 'same' | 'replaced' | 'removed';
  /** Throws ERR_OUTBOX_DATABASE_REPLACED unless the same file is still there. About 2 us. */
  assertSame(): void;
}

/** Remembers the file now at the path; call it right after opening. Throws what stat throws when there is none. */
export function rememberFile(file: string): FileIdentity {
  const remembered = statSync(file, { bigint: true });
  const check = () => {
    const now = statOrNull(file);
    if (now === null) return 'same';
    if (now === undefined) return 'removed';
    return now.dev === remembered.dev && now.ino === remembered.ino ? 'same' : 'replaced';
  };
  return {
    check,
    assertSame() {
      const state = check();
      if (state === 'same') return;
      throw new OutboxError(
        'ERR_OUTBOX_DATABASE_REPLACED',
        `the database ${file} was ${state} while it was open: what is committed now would be lost. Stop both applications, put the right file in place, start them again`,
      );
    },
  };
}

/** Undefined when there is no file; null when that cannot be told (a permission or I/O error that may pass). */
function statOrNull(file: string) {
  try {
    return statSync(file, { bigint: true, throwIfNoEntry: false });
  } catch {
    return null;
  }
}
