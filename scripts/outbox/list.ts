// `list`: which events, by state, business, type, age and error, a page at a time.
import type { CommandModule } from 'yargs';
import { systemClock } from '../../apps/outbox/clock.ts';
import { commandName } from '../../apps/outbox/command-name.ts';
import { OutboxError } from '../../apps/outbox/outbox-error.ts';
import { eventCells, eventColumns } from './event-words.ts';
import { type FilterArguments, filterOf, filterOptions } from './filter-options.ts';
import { jsonOption, printResult, terminalWidth } from './output.ts';
import { tableLines } from './table.ts';
import { withOutbox } from './with-outbox.ts';

interface ListArguments extends FilterArguments {
  json: boolean;
  limit: number;
  'oldest-first': boolean;
  beyond?: number | undefined;
}

const mostEvents = 10_000;

export const listCommand: CommandModule<object, ListArguments> = {
  command: 'list',
  describe: 'List events, the newest first',
  builder: (options) =>
    options
      .options(filterOptions)
      .option('limit', { type: 'number', default: 20, requiresArg: true, describe: 'So many events at most' })
      .option('oldest-first', { type: 'boolean', default: false, describe: 'Begin with the oldest' })
      .option('beyond', {
        type: 'number',
        requiresArg: true,
        describe: 'Go on after this seq: the next page',
      })
      .options(jsonOption)
      .example(`${commandName.outbox} list --state dead`, 'What needs a decision')
      .example(
        `${commandName.outbox} list --state waiting --oldest-first`,
        'What has waited the longest, and for what',
      )
      .example(
        `${commandName.outbox} list --business 550e8400-e29b-41d4-a716-446655440000 --newer-than 1h`,
        '',
      ) as never,
  async handler(given) {
    const { limit, beyond } = given;
    if (!Number.isInteger(limit) || limit < 1 || limit > mostEvents) {
      throw new OutboxError(
        'ERR_OUTBOX_CONFIG',
        `--limit: expected a whole number from 1 to ${mostEvents}${Number.isNaN(limit) ? '' : `, got ${limit}`}.`,
      );
    }
    if (beyond !== undefined && !Number.isInteger(beyond)) {
      throw new OutboxError(
        'ERR_OUTBOX_CONFIG',
        '--beyond: expected the seq that the page before ended with.',
      );
    }
    // What is wrong with the filter is said before a database is looked for.
    filterOf(given, systemClock.nowMs());
    const order = given['oldest-first'] ? 'oldest' : 'newest';
    const { events, nowMs } = await withOutbox('read', async (outbox) => {
      const nowMs = outbox.nowMs();
      const filter = filterOf(given, nowMs);
      const request = { filter, order, beyondSeq: beyond ?? null, limit, nowMs } as const;
      return { events: await outbox.store.list(request), nowMs };
    });
    const nextBeyond = events.length < limit ? null : (events.at(-1)?.seq ?? null);
    printResult(given.json, { events, nextBeyond }, () => {
      if (events.length === 0) return ['no events match'];
      const rows = events.map((event) => eventCells(event, nowMs));
      const more = nextBeyond === null ? [] : ['', `more: the same with --beyond ${nextBeyond}`];
      return [...tableLines(eventColumns, rows, terminalWidth()), ...more];
    });
  },
};
