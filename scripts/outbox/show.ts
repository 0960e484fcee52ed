// `show`: the life of one event, from its creation to Convoy's confirmation, as far as the table and the record know it.
import type { CommandModule } from 'yargs';
import { systemClock } from '../../apps/outbox/clock.ts';
import { commandName } from '../../apps/outbox/command-name.ts';
import type { EventLife, EventView } from '../../apps/outbox/listing-verbs.ts';
import { OutboxError } from '../../apps/outbox/outbox-error.ts';
import type { LogRecord } from '../../apps/outbox/overview-verbs.ts';
import { formerAcceptance, keyOf, stateWord } from './event-words.ts';
import { jsonOption, printResult } from './output.ts';
import { withOutbox } from './with-outbox.ts';
import { bytesText, eventsText, instantText, numberText, plainText, spanText } from './wording.ts';

interface ShowArguments {
  json: boolean;
  id: string;
  payload: boolean;
}

export const showCommand: CommandModule<object, ShowArguments> = {
  command: 'show <id>',
  describe: 'Show the life of one event',
  builder: (options) =>
    options
      .positional('id', { type: 'string', demandOption: true, describe: 'Its id, or its idempotency key' })
      .option('payload', { type: 'boolean', default: false, describe: 'Its payload and headers, too' })
      .options(jsonOption)
      .example(`${commandName.outbox} show 01a20a44-c215-7a07-945c-774644912f4b`, '')
      .example(
        `${commandName.outbox} show 01a20a44-c215-7a07-945c-774644912f4b --payload --json`,
        '',
      ) as never,
  async handler({ id, json, payload }) {
    const life = await withOutbox('read', ({ store }) => store.find(id));
    if (life === null) throw unknownEvent(id);
    const { event, records, payloadBytes } = life;
    const content = payload ? { payload: life.payload, headers: life.headers } : {};
    printResult(json, { event, payloadBytes, records, ...content }, () =>
      lifeLines(life, { nowMs: systemClock.nowMs(), payload }),
    );
  },
};

/** No event has this id: it never had, or it was pruned. */
export function unknownEvent(id: string): OutboxError {
  return new OutboxError(
    'ERR_OUTBOX_NO_EVENT',
    `there is no event "${plainText(id)}": it was never there, or was deleted after its retention. Try ${commandName.outbox} list`,
  );
}

function lifeLines(
  life: EventLife,
  { nowMs, payload }: { readonly nowMs: number; readonly payload: boolean },
): readonly string[] {
  const { event, payloadBytes, headers } = life;
  const facts: readonly (readonly [string, string | null])[] = [
    ['event', `${event.id}  (seq ${event.seq})`],
    ['key', event.keySuffix === '' ? null : keyOf(event)],
    ['state', stateWord(event, nowMs)],
    ['business', event.businessId],
    ['type', event.eventType],
    ['payload', payload ? life.payload : `${bytesText(payloadBytes)}; --payload prints it`],
    ['headers', payload ? headers : null],
    ['attempts', countsText(event)],
    ['last error', event.lastError],
  ];
  const history = steps(life)
    .toSorted((a, b) => a.atMs - b.atMs)
    .map(({ atMs, text }) => `  ${instantText(atMs)}  ${plainText(text)}`);
  return [
    ...facts.flatMap(([name, text]) => (text === null ? [] : [`${name.padEnd(10)} ${plainText(text)}`])),
    '',
    'in UTC',
    ...history,
  ];
}

function countsText({ attempts, claims, resends }: EventView): string {
  const parts = [
    `${numberText(attempts)} counted`,
    claims === 0 ? '' : `${eventsClaimed(claims)} without an answer`,
    resends === 0 ? '' : `sent again ${numberText(resends)} times because Convoy had lost it`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

const eventsClaimed = (claims: number) => `${numberText(claims)} ${claims === 1 ? 'claim' : 'claims'}`;

interface Step {
  readonly atMs: number;
  readonly text: string;
}

const confirmedText = 'confirmed: read back from Convoy';

function steps({ event, records }: EventLife): readonly Step[] {
  const { createdAtMs, processedAtMs, confirmedAtMs, availableAtMs, gateway } = event;
  const known: Step[] = [{ atMs: createdAtMs, text: 'created' }];
  if (processedAtMs !== null) {
    known.push({
      atMs: processedAtMs,
      text: `accepted by ${gateway ?? 'a gateway'}, ${spanText(processedAtMs - createdAtMs)} after its creation`,
    });
  }
  if (confirmedAtMs !== null) known.push({ atMs: confirmedAtMs, text: confirmedText });
  if (event.status === 'pending' && availableAtMs > 0) {
    known.push({ atMs: availableAtMs, text: event.leasedBy === null ? 'due' : 'end of its lease' });
  }
  return [
    ...known,
    ...records.flatMap((record) => [
      ...formerSteps(record, event),
      { atMs: record.atMs, text: recordText(record) },
    ]),
  ];
}

/** The acceptance that this redrive took off the event: its row has forgotten it. */
function formerSteps(record: LogRecord, event: EventView): readonly Step[] {
  const former = formerAcceptance(record, event.seq);
  if (former === null) return [];
  const { key, gateway, acceptedAtMs, confirmedAtMs } = former;
  const text = `accepted by ${gateway ?? 'a gateway'} under the key ${key}, ${spanText(acceptedAtMs - event.createdAtMs)} after its creation`;
  return [
    { atMs: acceptedAtMs, text },
    ...(confirmedAtMs === null ? [] : [{ atMs: confirmedAtMs, text: confirmedText }]),
  ];
}

function recordText({ kind, detail }: LogRecord): string {
  const of = (name: string) => String(detail[name] ?? '');
  switch (kind) {
    case 'redriven':
      return `redriven by a person under ${detail.keys === 'new' ? 'a new' : 'the same'} key, ${eventsText(Number(detail.events))}: ${of('note')}`;
    case 'discarded':
      return `discarded by a person, ${eventsText(Number(detail.events))}: ${of('reason')}`;
    case 'dead':
      return `dead: ${of('error')}`;
    case 'resent':
      return `lost by Convoy, sent again (${of('resends')})`;
    case 'undelivered':
      return `Convoy will not deliver it: ${of('reason')}`;
    default:
      return `${kind} ${JSON.stringify(detail)}`;
  }
}
