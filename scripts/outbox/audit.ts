// `audit`: holds a period of the outbox against what Convoy has stored, and reports what is missing there, failed there, and
// unknown here. It changes nothing on either side.
import process from 'node:process';
import type { CommandModule } from 'yargs';
import { systemClock } from '../../apps/outbox/clock.ts';
import { commandName } from '../../apps/outbox/command-name.ts';
import { parseDuration } from '../../apps/outbox/duration.ts';
import { OutboxError } from '../../apps/outbox/outbox-error.ts';
import { type Reconciliation, reconcile, type Suspect } from './audit/reconcile.ts';
import { gatewayOf } from './convoy-access.ts';
import { commandExitCodes } from './exit-code.ts';
import { longWork } from './long-work.ts';
import { jsonOption, printResult, terminalWidth } from './output.ts';
import { tableLines } from './table.ts';
import { withOutbox } from './with-outbox.ts';
import { eventsText, instantText, numberText, plainText } from './wording.ts';

interface AuditArguments {
  json: boolean;
  since: string;
  until: string;
}

/** So many are listed for people; --json has all. */
const mostListed = 20;

export const auditCommand: CommandModule<object, AuditArguments> = {
  command: 'audit',
  describe: 'Hold a period against what Convoy has stored: missing, failed, extra',
  builder: (options) =>
    options
      .option('since', {
        type: 'string',
        default: '24h',
        requiresArg: true,
        describe: 'Accepted since: a time ago (24h) or an instant (2026-01-31T12:00Z)',
      })
      .option('until', {
        type: 'string',
        default: '6m',
        requiresArg: true,
        describe: 'Accepted before; Convoy may need six minutes for an event',
      })
      .options(jsonOption)
      .example(`${commandName.outbox} audit`, 'The last day; exit code 5 if something is the matter')
      .example(
        `${commandName.outbox} audit --since 2026-01-30T00:00Z --until 2026-01-31T00:00Z`,
        '',
      ) as never,
  async handler(given) {
    const nowMs = systemClock.nowMs();
    const [fromMs, toMs] = [instantOf('since', given.since, nowMs), instantOf('until', given.until, nowMs)];
    if (fromMs >= toMs)
      throw new OutboxError(
        'ERR_OUTBOX_CONFIG',
        `--since: expected an instant before --until, got ${given.since} and ${given.until}.`,
      );
    await withOutbox('read', async (outbox) => {
      const { access, name: gateway } = await gatewayOf(outbox);
      const result = await longWork('events reconciled', async (work) => {
        // With it comes got, which is slow to load: the commands that only look must not wait for it.
        const { createRowReader } = await import('./audit/convoy-rows.ts');
        const rows = await createRowReader(access, work.signal);
        const request = { store: outbox.store, gateway, rows, fromMs, toMs, nowMs, work };
        const found = await reconcile(request);
        return work.signal.aborted ? null : found;
      });
      if (result === null) {
        process.exitCode = commandExitCodes.interrupted;
        console.error('interrupted: nothing is concluded');
        return;
      }
      const isClean = result.missing.length + result.failed.length + result.extra.length === 0;
      if (!isClean) process.exitCode = commandExitCodes.findings;
      printResult(given.json, { isClean, gateway, fromMs, toMs, ...result }, () => [
        `${gateway}, accepted from ${instantText(fromMs)} to ${instantText(toMs)} (UTC)`,
        ...reportLines(result),
      ]);
    });
  },
};

/** Throws ERR_OUTBOX_CONFIG. */
function instantOf(flag: string, given: string, nowMs: number): number {
  const agoMs = parseDuration(given);
  if (agoMs !== null) return nowMs - agoMs;
  // Without a zone JavaScript would take the machine's own; the table is in UTC.
  const atMs = Date.parse(/(Z|[+-]\d\d:?\d\d)$/i.test(given) || !given.includes('T') ? given : `${given}Z`);
  if (/^\d{4}-/.test(given) && !Number.isNaN(atMs)) return atMs;
  throw new OutboxError('ERR_OUTBOX_CONFIG', `--${flag}: expected 24h or 2026-01-31T12:00Z, got "${given}".`);
}

function reportLines(result: Reconciliation): readonly string[] {
  const { accepted, delivering, inProgress, missing, failed, extra } = result;
  const counts: readonly (readonly [string, number, string])[] = [
    ['accepted', accepted, 'by the outbox, in this period'],
    ['delivering', delivering, 'stored by Convoy, deliveries created'],
    ['in progress', inProgress, 'stored a moment ago'],
    ['missing', missing.length, 'Convoy has nothing of them'],
    ['failed', failed.length, 'Convoy will not deliver them'],
    ['extra', extra.length, 'in Convoy, and unknown here'],
  ];
  return [
    ...counts.map(([name, count, words]) => `${name.padEnd(12)} ${numberText(count).padStart(10)}  ${words}`),
    ...listed(
      'missing',
      missing,
      `the relayer sends them again by itself within --confirm-window; else ${commandName.outbox} redrive --again KEY ...`,
    ),
    ...listed(
      'failed',
      failed,
      `mend the cause, then ${commandName.outbox} redrive --state undelivered --new-key`,
    ),
    ...listed('extra', extra, 'pruned here, lost with a restored backup, or sent by another application'),
  ];
}

function listed(name: string, suspects: readonly Suspect[], todo: string): readonly string[] {
  if (suspects.length === 0) return [];
  const rows = suspects
    .slice(0, mostListed)
    .map(({ key, acceptedAtMs, words }) =>
      [key, acceptedAtMs === null ? '' : instantText(acceptedAtMs), words].map(plainText),
    );
  const columns = [{ title: name.toUpperCase() }, { title: 'ACCEPTED' }, { title: 'CONVOY SAYS' }];
  const more = suspects.length - rows.length;
  return [
    '',
    ...tableLines(columns, rows, terminalWidth()),
    ...(more > 0 ? [`... and ${eventsText(more)} more; --json lists all`] : []),
    `to do: ${todo}`,
  ];
}
