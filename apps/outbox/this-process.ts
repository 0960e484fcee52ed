// Who writes a line of the record: this process, as the operating system knows it. It reads two constants, and nothing else
// of the process.
import process from 'node:process';

/** Its id, and the version of Node that runs it. */
export const thisProcess = { pid: process.pid, node: process.version } as const;
