// `redrive`: a person moves events back to pending. They keep their idempotency key.
import type { CommandModule } from 'yargs';
import { systemClock } from '../../apps/outbox/clock.ts';
import { commandName } from '../../apps/outbox/command-name.ts';
import { OutboxError } from '../../apps/outbox/outbox-error.ts';
import type { OutboxStore, RedriveFilter } from '../../apps/outbox/store.ts';
import { withStore } from './with-store.ts';

interface RedriveArguments {
  dead?: boolean | undefined;
  id?: string | undefined;
  'accepted-by'?: string | undefined;
}

/** Moved in one transaction, so that the applications' writes are not held up. */
const batchEvents = 500;

export const redriveCommand: CommandModule<object, RedriveArguments> = {
  command: 'redrive',
  describe: 'Move events back to pending, so that the relayer sends them again',
  builder: (options) =>
    options
      .option('dead', { type: 'boolean', describe: 'Every dead event' })
      .option('id', { type: 'string', requiresArg: true, describe: 'One dead event' })
      .option('accepted-by', {
        type: 'string',
        requiresArg: true,
        describe: 'What that gateway accepted: its URL from the gateway column, or "sandbox"',
      })
      .conflicts({ dead: ['id', 'accepted-by'], id: 'accepted-by' }) as never,
  async handler(given) {
    const events = await withStore((store) => redrive(store, given));
    console.log(`${events} ${events === 1 ? 'event' : 'events'} pending again`);
  },
};

async function redrive(store: OutboxStore, given: RedriveArguments): Promise<number> {
  let events = 0;
  for (const filter of await filtersOf(store, given)) {
    for (;;) {
      const moved = await store.redrive({ filter, nowMs: systemClock.nowMs(), limit: batchEvents });
      events += moved;
      if (moved < batchEvents) break;
    }
    const nowMs = systemClock.nowMs();
    if (events > 0) await store.log({ kind: 'redriven', detail: { ...filter, events }, nowMs });
  }
  if (events > 0) return events;
  throw new OutboxError(
    'ERR_OUTBOX_CONFIG',
    `nothing matches: no event was moved. See ${commandName.outbox} status`,
  );
}

async function filtersOf(store: OutboxStore, given: RedriveArguments): Promise<readonly RedriveFilter[]> {
  if (given.dead === true) return [{ kind: 'dead' }];
  if (given.id !== undefined) return [{ kind: 'id', id: given.id }];
  const gateway = given['accepted-by'];
  if (gateway === undefined) {
    throw new OutboxError(
      'ERR_OUTBOX_CONFIG',
      'say what to redrive: --dead, --id ID or --accepted-by GATEWAY',
    );
  }
  if (gateway !== 'sandbox') return [{ kind: 'gateway', gateway }];
  const all = await store.verifiedGateways();
  return all
    .filter((name) => name.endsWith('/projects/sandbox'))
    .map((name) => ({ kind: 'gateway', gateway: name }));
}
