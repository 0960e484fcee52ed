// What must hold after any run, each with a stable name and a sentence. Those of the data are in data-invariants.ts; here
// are those of the processes and of the run itself.
import { dataInvariants } from './data-invariants.ts';
import { growths } from './growth.ts';
import type { Invariant } from './invariant.ts';
import { linesOf, type RecordLine, type RecordOf } from './record.ts';
import { lateTakeovers } from './takeovers.ts';

/** All of them, the worst first. */
export const invariants: readonly Invariant[] = [
  ...dataInvariants,
  {
    name: 'ends-only-when-told',
    promise:
      'No process ended that was not killed or told to, but one that met a server which was away while it started.',
    offenders: ({ record }) =>
      linesOf(record, 'unasked exit')
        .filter((line) => !foundNoServer(record, line))
        .map(({ target, pid }) => `the ${target} (${pid})`),
  },
  {
    name: 'one-of-each',
    promise:
      'After healing PM2 runs one ingester, one sandbox and the relayers asked for, and nothing runs besides.',
    offenders: ({ record }) => {
      const [last] = linesOf(record, 'supervision').slice(-1);
      if (last === undefined) return ['it was not looked at'];
      return [...last.missing.map((name) => `no ${name}`), ...last.strays.map((stray) => `stray ${stray}`)];
    },
  },
  {
    name: 'stale-settle-fenced',
    promise: 'Relayers slept past their leases, and each was refused at least one settlement when it woke.',
    offenders: ({ fencedEvents, record }) => {
      const naps = linesOf(record, 'pause').filter(({ target }) => target === 'relayer');
      const [run] = linesOf(record, 'run');
      if (run?.relayers === 1 || run?.soak === true) return [];
      if (naps.length === 0) return ['no relayer slept'];
      if (fencedEvents === 0) return ['no refusal in outbox_log'];
      return naps
        .filter(({ fenced }) => fenced === 0)
        .map(({ name, pid, held }) => `the ${name} (${pid}), which held ${held.length} events`);
    },
  },
  {
    name: 'drains-when-healed',
    promise: 'Whenever everything was healed, all that was committed by then was processed in time.',
    offenders: ({ record }) => {
      const healings = linesOf(record, 'healed');
      if (healings.length === 0) return ['nothing was ever healed'];
      return healings.flatMap(({ left, events }) => (left === 0 ? [] : [`${left} of ${events} were left`]));
    },
  },
  {
    name: 'taken-over-at-once',
    promise: 'What a killed relayer had leased was taken over at once by whoever started next, or sooner.',
    offenders: lateTakeovers,
  },
  {
    name: 'trouble-was-made',
    promise: 'As many processes were killed as asked for, and events were committed meanwhile.',
    offenders: ({ record, events }) => {
      const wanted = linesOf(record, 'run')[0]?.kills ?? Number.POSITIVE_INFINITY;
      const done = linesOf(record, 'kill').length;
      return [
        ...(done < wanted ? [`${done} of ${wanted} kills`] : []),
        ...(events.size === 0 ? ['no event'] : []),
      ];
    },
  },
  {
    name: 'nothing-grows',
    promise: 'In a soak neither memory nor descriptors nor the WAL grew from its middle to its last third.',
    offenders: ({ record }) => growths(record),
  },
  {
    name: 'nothing-left-running',
    promise: 'When PM2 was told to stop, every process of the run ended.',
    offenders: ({ record }) => linesOf(record, 'left running').flatMap(({ processes }) => processes),
  },
];

/** Its start is seen up to a moment late, and so is its end. */
const seenLateMs = 1_000;

/** A process that runs must outlive its server's absence; one that starts may end, and PM2 starts the next. */
function foundNoServer(record: readonly RecordLine[], exit: RecordOf<'unasked exit'>): boolean {
  const { wasUp = true, fromMs = Infinity, toMs = -Infinity } = exit;
  return (
    !wasUp &&
    linesOf(record, 'database').some((away) => away.fromMs <= toMs && away.toMs + seenLateMs >= fromMs)
  );
}
