// `status`: is all well? Counts, oldest pending event, rates, gateway, relayers, WAL, once or over and over.
import process from 'node:process';
import type { CommandModule } from 'yargs';
import { sleep, systemClock } from '../../apps/outbox/clock.ts';
import { commandName } from '../../apps/outbox/command-name.ts';
import { OutboxError } from '../../apps/outbox/outbox-error.ts';
import { rememberFile } from '../../apps/outbox/sqlite/file-identity.ts';
import { spanMs } from './filter-options.ts';
import type { OpenOutbox } from './open-outbox.ts';
import { jsonOption, printResult, terminalWidth } from './output.ts';
import { type StatusReport, statusLines, statusReport } from './status-report.ts';
import { withOutbox } from './with-outbox.ts';
import { instantText } from './wording.ts';

interface StatusArguments {
  json: boolean;
  watch: boolean;
  every: string;
}

const onceWindowMs = 60_000;
const watchWindowMs = 10_000;
const shortestEveryMs = 100;
/** What Convoy will not deliver is looked for among the unconfirmed; with reading back off they are all that was ever accepted. */
const mostLookedThrough = 100_000;

export const statusCommand: CommandModule<object, StatusArguments> = {
  command: 'status',
  describe: 'Show how the outbox is doing',
  builder: (options) =>
    options
      .option('watch', { alias: 'w', type: 'boolean', default: false, describe: 'Go on until Ctrl-C' })
      .option('every', {
        type: 'string',
        default: '2s',
        requiresArg: true,
        describe: 'How often with --watch',
      })
      .options(jsonOption)
      .example(`${commandName.outbox} status`, 'Is all well?')
      .example(`${commandName.outbox} status --watch --every 5s`, 'Look again every five seconds')
      .example(`${commandName.outbox} status --json | jq .counts.dead`, 'For a script'),
  async handler(given) {
    await withOutbox('read', async (outbox) => {
      if (given.watch) return watch(outbox, given);
      const report = await look(outbox, onceWindowMs);
      printResult(given.json, report, () => statusLines(report, terminalWidth()));
    });
  },
};

async function look({ store, ...outbox }: OpenOutbox, windowMs: number): Promise<StatusReport> {
  const nowMs = outbox.nowMs();
  const overview = await store.overview({ nowMs, windowMs });
  const isQuick = overview.unconfirmed <= mostLookedThrough;
  const undelivered = isQuick ? await store.count({ filter: { state: 'undelivered' }, nowMs }) : null;
  const [slots, database] = [await outbox.alive(), await outbox.room()];
  return statusReport({ overview, undelivered, slots, database, nowMs });
}

async function watch(outbox: OpenOutbox, { json, every }: StatusArguments): Promise<void> {
  const everyMs = spanMs('every', every);
  if (everyMs < shortestEveryMs) {
    throw new OutboxError(
      'ERR_OUTBOX_CONFIG',
      `--every: expected at least ${shortestEveryMs} ms, got "${every}".`,
    );
  }
  const identity = outbox.engine.kind === 'sqlite' ? rememberFile(outbox.engine.file) : null;
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
  while (!stopping.signal.aborted) {
    identity?.assertSame();
    const report = await look(outbox, watchWindowMs);
    // From the top of a cleared screen: what was there before stays in the scrollback.
    if (process.stdout.isTTY && !json) process.stdout.write('\u001b[2J\u001b[H');
    const seen = `at         ${instantText(report.atMs)} (UTC)`;
    printResult(json, report, () => [seen, ...statusLines(report, terminalWidth()), '']);
    await sleep(systemClock, everyMs, stopping.signal);
  }
}
