// `redrive`: a person has events sent again. They keep their idempotency key unless --new-key says otherwise.
import type { CommandModule } from 'yargs';
import { commandName } from '../../apps/outbox/command-name.ts';
import type { EventFilter, EventView } from '../../apps/outbox/listing-verbs.ts';
import { OutboxError } from '../../apps/outbox/outbox-error.ts';
import type { OutboxStore } from '../../apps/outbox/store.ts';
import { matchingEvents, namedEvents, type Targets } from './decision.ts';
import { carryOut, type DecisionArguments, decisionOptions } from './decision-command.ts';
import { type FilterArguments, filterOf, filterOptions, filterText } from './filter-options.ts';
import { jsonOption } from './output.ts';
import { withOutbox } from './with-outbox.ts';

interface RedriveArguments extends FilterArguments, DecisionArguments {
  ids?: string[] | undefined;
  id?: string[] | undefined;
  dead: boolean;
  'accepted-by'?: string | undefined;
  'new-key': boolean;
  again: boolean;
  rate: number;
}

/** States that a filter may redrive; `processed` has --accepted-by of its own. */
const states: readonly EventFilter['state'][] = ['dead', 'discarded', 'undelivered'];

const newKeyRisk =
  'Under a new key Convoy takes an event for another one: a receiver that did get it before gets it twice and cannot tell.';
const sameKeyRisk =
  'Convoy ignores an event whose key it has stored: if it shows these events as failed, only --new-key sends them again.';

export const redriveCommand: CommandModule<object, RedriveArguments> = {
  command: 'redrive [ids..]',
  describe: 'Have events sent again',
  builder: (options) =>
    options
      .positional('ids', { type: 'string', array: true, describe: 'Ids or idempotency keys of events' })
      .option('id', { type: 'string', array: true, requiresArg: true, describe: 'The same as a flag' })
      .option('dead', { type: 'boolean', default: false, describe: 'Every dead event: --state dead' })
      .options({ ...filterOptions, state: { ...filterOptions.state, choices: states as string[] } })
      .option('accepted-by', {
        type: 'string',
        requiresArg: true,
        describe: 'What that gateway accepted: its URL from the gateway column, or "sandbox"',
      })
      .option('new-key', {
        type: 'boolean',
        default: false,
        describe:
          'Under a new idempotency key (~r2), for keys that Convoy has burnt. A receiver may get it twice',
      })
      .option('again', {
        type: 'boolean',
        default: false,
        describe:
          'Accepted events, too, if named: for those that Convoy has lost. It ignores those that it has',
      })
      .option('rate', {
        type: 'number',
        default: 1_000,
        requiresArg: true,
        describe: 'Events a second; 0: no limit',
      })
      .options(decisionOptions)
      .options(jsonOption)
      .example(`${commandName.outbox} redrive 01a20a44-c215-7a07-945c-774644912f4b`, 'One event')
      .example(`${commandName.outbox} redrive --dead --error "HTTP 413" --dry-run`, 'Which would that be?')
      .example(
        `${commandName.outbox} redrive --state undelivered --new-key --yes`,
        'What Convoy failed, after mending',
      )
      .example(`${commandName.outbox} redrive --accepted-by sandbox`, 'What only the sandbox got') as never,
  async handler(given) {
    const { rate } = given;
    if (!(rate >= 0)) throw new OutboxError('ERR_OUTBOX_CONFIG', '--rate: expected a number of at least 0.');
    await withOutbox('write', async ({ store, nowMs }) => {
      const { targets, note } = await targetsOf(store, given, nowMs());
      const keys = given['new-key'] ? 'new' : 'same';
      await carryOut(given, {
        store,
        targets,
        perSecond: rate,
        participle: 'pending again',
        risk: keys === 'new' ? newKeyRisk : given.state === 'undelivered' ? sameKeyRisk : null,
        act: (events) => store.redrive({ events, keys, note, nowMs: nowMs() }),
      });
    });
  },
};

async function targetsOf(
  store: OutboxStore,
  given: RedriveArguments,
  nowMs: number,
): Promise<{ readonly targets: Targets; readonly note: string }> {
  const ids = [...(given.ids ?? []), ...(given.id ?? [])];
  const filters = [given.dead ? '--dead' : '', filterText(given), acceptedByText(given)];
  const text = filters.filter((part) => part !== '').join(' ');
  if (ids.length > 0 && text !== '') {
    throw new OutboxError(
      'ERR_OUTBOX_CONFIG',
      `Ids and a filter (${text}) are mutually exclusive: give one of them.`,
    );
  }
  if (ids.length > 0) {
    return {
      targets: await namedEvents(store, ids, (event) => against(event, given)),
      note: 'by id',
    };
  }
  if (given.again) {
    throw new OutboxError(
      'ERR_OUTBOX_CONFIG',
      '--again is for events that are named by their ids: which are they?',
    );
  }
  if (text === '') {
    throw new OutboxError(
      'ERR_OUTBOX_CONFIG',
      'Say what to redrive: ids, --dead, --state, --accepted-by or another filter.',
    );
  }
  return { targets: await matchingEvents(store, await redriveFilter(store, given, nowMs), text), note: text };
}

const acceptedByText = (given: RedriveArguments) =>
  given['accepted-by'] === undefined ? '' : `--accepted-by ${given['accepted-by']}`;

async function redriveFilter(
  store: OutboxStore,
  given: RedriveArguments,
  nowMs: number,
): Promise<EventFilter> {
  const filter = filterOf(given, nowMs);
  const gateway = given['accepted-by'];
  const state = given.dead ? 'dead' : given.state;
  if (given.dead && given.state !== undefined && given.state !== 'dead') {
    throw new OutboxError(
      'ERR_OUTBOX_CONFIG',
      '--dead and --state are mutually exclusive: give one of them.',
    );
  }
  if (gateway === undefined) return { ...filter, state: state ?? 'dead' };
  if (state !== undefined && state !== 'undelivered') {
    throw new OutboxError('ERR_OUTBOX_CONFIG', `--accepted-by and --state ${state} are mutually exclusive.`);
  }
  return { ...filter, state: state ?? 'processed', gateway: await gatewayNamed(store, gateway) };
}

/** The sandbox by its nickname; there is one address of it per port that was ever used. */
async function gatewayNamed(store: OutboxStore, name: string): Promise<string> {
  if (name !== 'sandbox') return name;
  const sandboxes = (await store.verifiedGateways()).filter((url) => url.endsWith('/projects/sandbox'));
  if (sandboxes.length <= 1) return sandboxes[0] ?? name;
  throw new OutboxError(
    'ERR_OUTBOX_CONFIG',
    `--accepted-by: there were several sandboxes, name one of them: ${sandboxes.join(', ')}`,
  );
}

/** Why an event that was named cannot be redriven, or null. */
function against(event: EventView, given: RedriveArguments): string | null {
  switch (event.status) {
    case 'dead':
    case 'discarded':
      return null;
    case 'pending':
      return `is pending already: ${commandName.outbox} show ${event.id} says what it waits for`;
    case 'processed':
      if (given.again) return null;
      if (event.confirmedAtMs === null && event.lastError !== null) {
        return given['new-key']
          ? null
          : `was accepted, and Convoy will not deliver it: its key is burnt, add --new-key`;
      }
      return `was accepted by ${event.gateway ?? 'its gateway'} already: to have Convoy deliver it again, use its own resend; if Convoy has lost it, add --again`;
    default:
      return event.status satisfies never;
  }
}
