// The store as one process of a simulation sees it: each verb has a step before and after it, at which the process can die
// or be stopped, and the referee hears of every turn.
import Database from 'better-sqlite3';
import type { OutboxStore } from '../../apps/outbox/store.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import type { Machine } from './simulated-relayer.ts';

/** The real store, with a step before and after each verb, at which the process can die or be stopped. */
export function steppedStore(machine: Machine, process: SimulatedProcess): OutboxStore {
  const { time, referee, trace } = machine;
  const store = machine.database.openStore();
  const verb = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    await process.pause(time.some(0.01, 0.5));
    if (machine.isLocked) throw new Database.SqliteError('database is locked', 'SQLITE_BUSY');
    const result = await time.during(work());
    await process.pause(time.some(0.05, 2));
    return result;
  };
  return {
    ...store,
    turn: (request) => {
      const askedAtMs = time.monotonicMs;
      return verb(async () => {
        const result = await store.turn(request);
        referee.turned(process, { request, result, askedAtMs });
        for (const { seq, kind } of request.settlements)
          trace(`${process.name} settles event ${seq}: ${kind}`);
        for (const { seq } of result.lost) trace(`${process.name} has lost its lease of event ${seq}`);
        for (const { seq } of result.claimed) trace(`${process.name} claims event ${seq}`);
        if (request.settlements.length + result.claimed.length > 0) machine.onCommit(process);
        // Whether others write at the same time changes the pace only. Several connections would know it, one does not.
        return { ...result, othersWrote: time.some(0, 1) < 0.5 };
      });
    },
    takeOver: (request) =>
      verb(async () => {
        referee.takingOver(request.slot);
        const events = await store.takeOver(request);
        if (events > 0) trace(`${process.name} takes over ${events} from slot ${request.slot}`);
        return events;
      }),
    nextDueAtMs: (nowMs) => verb(() => store.nextDueAtMs(nowMs)),
    slotsWithLeases: () => verb(() => store.slotsWithLeases()),
    resume: (request) => verb(() => store.resume(request)),
    log: (entry) => verb(() => store.log(entry)),
  };
}
