// `discard`: a person gives events up, for good unless they are redriven, with a reason that stays with them.
import type { CommandModule } from 'yargs';
import { commandName } from '../../apps/outbox/command-name.ts';
import type { EventFilter, EventView } from '../../apps/outbox/listing-verbs.ts';
import { OutboxError } from '../../apps/outbox/outbox-error.ts';
import { matchingEvents, namedEvents } from './decision.ts';
import { carryOut, type DecisionArguments, decisionOptions } from './decision-command.ts';
import { type FilterArguments, filterOf, filterOptions, filterText } from './filter-options.ts';
import { jsonOption } from './output.ts';
import { withOutbox } from './with-outbox.ts';

interface DiscardArguments extends FilterArguments, DecisionArguments {
  ids?: string[] | undefined;
  reason: string;
}

const states: readonly EventFilter['state'][] = ['dead', 'waiting', 'pending'];
const longestReason = 500;

export const discardCommand: CommandModule<object, DiscardArguments> = {
  command: 'discard [ids..]',
  describe: 'Give dead or waiting events up, with a reason',
  builder: (options) =>
    options
      .positional('ids', { type: 'string', array: true, describe: 'Ids or idempotency keys of events' })
      .options({ ...filterOptions, state: { ...filterOptions.state, choices: states as string[] } })
      .option('reason', {
        type: 'string',
        demandOption: true,
        requiresArg: true,
        describe: 'Why; it is kept',
      })
      .options(decisionOptions)
      .options(jsonOption)
      .example(
        `${commandName.outbox} discard 01a20a44-c215-7a07-945c-774644912f4b --reason "test data"`,
        'One event',
      )
      .example(
        `${commandName.outbox} discard --state waiting --business B --reason "left us" --dry-run`,
        '',
      ) as never,
  async handler(given) {
    const reason = given.reason.trim();
    if (reason === '' || reason.length > longestReason) {
      throw new OutboxError('ERR_OUTBOX_CONFIG', `--reason: expected 1 to ${longestReason} characters.`);
    }
    const { ids = [] } = given;
    const text = filterText(given);
    if (ids.length > 0 === (text !== '')) {
      throw new OutboxError(
        'ERR_OUTBOX_CONFIG',
        'Say what to discard: ids, or a filter such as --state dead.',
      );
    }
    await withOutbox('write', async ({ store, nowMs }) => {
      const filter = { state: 'dead', ...filterOf(given, nowMs()) } as const;
      const targets =
        ids.length > 0 ? await namedEvents(store, ids, against) : await matchingEvents(store, filter, text);
      await carryOut(given, {
        store,
        targets,
        perSecond: 0,
        participle: 'discarded',
        risk: null,
        act: (events) => store.discard({ events, reason, nowMs: nowMs() }),
      });
    });
  },
};

/** Why an event that was named cannot be discarded, or null. */
function against(event: EventView): string | null {
  switch (event.status) {
    case 'dead':
      return null;
    case 'pending':
      return event.leasedBy === null ? null : `is being sent by relayer ${event.leasedBy} at this moment`;
    case 'processed':
      return 'was accepted already: there is nothing left to give up';
    case 'discarded':
      return 'is discarded already';
    default:
      return event.status satisfies never;
  }
}
