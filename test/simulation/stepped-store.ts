// The store as one process of a simulation sees it: each verb has a step before and after it, at which the process can die
// or be stopped, and the referee hears of every turn.
import type { OutboxStore } from '../../apps/outbox/store.ts';
import { inProcess, overNetwork } from './carrying.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import type { Machine } from './simulated-relayer.ts';

/** The real store, each of its verbs in steps. */
export function steppedStore(machine: Machine, process: SimulatedProcess): OutboxStore {
  const { time, referee, trace } = machine;
  const store = machine.database.openStore();
  const carry = (machine.isRemote ? overNetwork : inProcess)(machine, process);
  const verb = <Result>(work: () => Promise<Result>, onUnheard: (result: Result) => void = () => {}) =>
    carry(async () => {
      try {
        return await work();
      } catch (error) {
        // Verbs come one after the other: the database has no reason to refuse one.
        referee.break(`the store failed: ${error}`);
        throw error;
      }
    }, onUnheard);
  // All of them: one that went past the steps would run while time goes on.
  const stepped = ([name, run]: [string, (...given: unknown[]) => Promise<unknown>]) => [
    name,
    (...given: unknown[]) => verb(() => run(...given)),
  ];
  return {
    ...(Object.fromEntries(Object.entries(store).map(stepped)) as unknown as OutboxStore),
    turn: (request) => {
      const askedAtMs = time.monotonicMs;
      const work = async () => {
        const result = await store.turn(request);
        referee.turned(process, { request, result, askedAtMs });
        for (const { seq, kind } of request.settlements)
          trace(`${process.name} settles event ${seq}: ${kind}`);
        for (const { seq } of result.lost) trace(`${process.name} has lost its lease of event ${seq}`);
        for (const { seq } of result.claimed) trace(`${process.name} claims event ${seq}`);
        if (request.settlements.length + result.claimed.length > 0) machine.onCommit(process);
        // Whether others write at the same time changes the pace only. Several connections would know it, one does not.
        return { ...result, othersWrote: time.some(0, 1) < 0.5 };
      };
      return verb(work, ({ claimed }) => {
        trace(`${process.name} does not hear of that`);
        referee.leases.unheard(claimed);
      });
    },
    giveBack: (request) =>
      verb(async () => {
        const events = await store.giveBack(request);
        const heard = referee.leases.giveBack(request.leaseIds);
        if (heard !== undefined) referee.break(`event ${heard.seq} was given back by whoever holds it`);
        if (events > 0) trace(`${process.name} gives back ${events} that it had not heard of`);
        return events;
      }),
    takeOver: (request) =>
      verb(async () => {
        referee.takingOver(request.slot);
        const events = await store.takeOver(request);
        if (events > 0) trace(`${process.name} takes over ${events} from slot ${request.slot}`);
        return events;
      }),
  };
}
