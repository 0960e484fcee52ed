// `prune`: deletes processed events that are older than asked for, a few at a time, as the relayer does by itself past its
// retention. Pending, dead and discarded events are never deleted.
import process from 'node:process';
import type { CommandModule } from 'yargs';
import { sleep, systemClock } from '../../apps/outbox/clock.ts';
import { commandName } from '../../apps/outbox/command-name.ts';
import { askFirst } from './ask.ts';
import { commandExitCodes } from './exit-code.ts';
import { spanMs } from './filter-options.ts';
import { longWork } from './long-work.ts';
import { jsonOption, printResult } from './output.ts';
import { withOutbox } from './with-outbox.ts';
import { eventsText } from './wording.ts';

interface PruneArguments {
  json: boolean;
  yes: boolean;
  'dry-run': boolean;
  'older-than': string;
  unconfirmed: boolean;
}

const batchEvents = 200;
/** The write lock is free for so long after each batch. */
const pauseMs = 10;

export const pruneCommand: CommandModule<object, PruneArguments> = {
  command: 'prune',
  describe: 'Delete processed events',
  builder: (options) =>
    options
      .option('older-than', {
        type: 'string',
        demandOption: true,
        requiresArg: true,
        describe: 'Accepted before, such as 7d',
      })
      .option('unconfirmed', {
        type: 'boolean',
        default: false,
        describe: 'Those too that were never read back from Convoy, whose fate is unknown',
      })
      .option('dry-run', { type: 'boolean', default: false, describe: 'Count, and delete nothing' })
      .option('yes', { alias: 'y', type: 'boolean', default: false, describe: 'Do not ask' })
      .options(jsonOption)
      .example(`${commandName.outbox} prune --older-than 30d --dry-run`, 'How many would that be?')
      .example(`${commandName.outbox} prune --older-than 30d --yes`, 'For a nightly job') as never,
  async handler(given) {
    const olderMs = spanMs('older-than', given['older-than']);
    const isDryRun = given['dry-run'];
    await withOutbox(isDryRun ? 'read' : 'write', async ({ store, nowMs }) => {
      const beforeMs = nowMs() - olderMs;
      const { confirmed, unconfirmed } = await store.prunable({ beforeMs });
      const total = confirmed + (given.unconfirmed ? unconfirmed : 0);
      const kept = given.unconfirmed ? 0 : unconfirmed;
      const keptText =
        kept === 0 ? [] : [`${eventsText(kept)} not confirmed by Convoy stay; --unconfirmed takes them, too`];
      if (isDryRun || total === 0) {
        const would =
          total === 0 ? 'nothing to delete' : `${eventsText(total)} would be deleted; nothing was changed`;
        printResult(given.json, { dryRun: isDryRun, events: isDryRun ? total : 0, kept }, () => [
          would,
          ...keptText,
        ]);
        return;
      }
      await askFirst(`Are ${eventsText(total)} to be deleted for good?`, given.yes);
      const which = given.unconfirmed ? 'any' : 'confirmed';
      const { deleted, isInterrupted } = await longWork('events deleted', async ({ signal, tell }) => {
        let deleted = 0;
        while (!signal.aborted) {
          const batch = await store.prune({ beforeMs, limit: batchEvents, which, keepsRecord: true });
          deleted += batch;
          tell(deleted, Math.max(deleted, total));
          if (batch < batchEvents) break;
          await sleep(systemClock, pauseMs, signal);
        }
        return { deleted, isInterrupted: signal.aborted };
      });
      if (isInterrupted) process.exitCode = commandExitCodes.interrupted;
      printResult(given.json, { dryRun: false, events: deleted, kept, interrupted: isInterrupted }, () => [
        `${eventsText(deleted)} deleted${isInterrupted ? '; interrupted before the rest' : ''}`,
        ...keptText,
      ]);
    });
  },
};
