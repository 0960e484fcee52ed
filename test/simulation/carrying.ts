// How a verb comes from its process to the database, and the answer back. A file is part of the process: what dies in the middle of a verb has
// done all of it or nothing, and knows which. A server is not: what has left goes on without its process, and an answer can be lost.
import Database from 'better-sqlite3';
import { DatabaseTrouble } from '../../apps/outbox/database-trouble.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import type { Machine } from './simulated-relayer.ts';

/** Has the database do `work`. `onUnheard` is called instead of an answer, when that is lost after the work was done. */
export type Carry = <Result>(
  work: () => Promise<Result>,
  onUnheard: (result: Result) => void,
) => Promise<Result>;

/** A step before and after the work, at which the process can die or be stopped. */
export function inProcess(machine: Machine, process: SimulatedProcess): Carry {
  const { time } = machine;
  return async (work) => {
    await process.pause(time.some(0.01, 0.5));
    if (machine.isLocked) throw new Database.SqliteError('database is locked', 'SQLITE_BUSY');
    const result = await time.during(work());
    await process.pause(time.some(0.05, 2));
    return result;
  };
}

/** The request arrives and is carried out even when the process is dead by then. A server that goes away takes the answers under way with it. */
export function overNetwork(machine: Machine, process: SimulatedProcess): Carry {
  const { time } = machine;
  return (work, onUnheard) =>
    new Promise((resolve, reject) => {
      if (!process.isAlive) return;
      const answer = (give: () => void) => void process.later(time.some(0.05, 2), give);
      const refuse = () => reject(away());
      time.in(time.some(0.01, 0.5), () => {
        if (machine.isLocked) return answer(refuse);
        void time.during(work()).then(
          (result) =>
            answer(() => {
              if (!machine.isLocked) return resolve(result);
              onUnheard(result);
              refuse();
            }),
          (error: unknown) => answer(() => reject(error)),
        );
      });
    });
}

function away(): DatabaseTrouble {
  const message = 'PostgreSQL cannot be reached: ECONNRESET';
  return new DatabaseTrouble({ kind: 'passing', code: 'ECONNRESET', message });
}
