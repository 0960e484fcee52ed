// What a running relayer does beside delivering: promoting what is overdue, reading back, deleting what is old, serving
// the live page. Each is a loop that ends with the signal; none is needed for an event to be delivered.
import { type Clock, sleep } from '../outbox/clock.ts';
import type { ConvoyAccess } from '../outbox/convoy.ts';
import { errorText, type Log } from '../outbox/log.ts';
import type { OutboxDatabase } from '../outbox/outbox-database.ts';
import type { RelayerSlot } from '../outbox/relayer-slot.ts';
import type { OutboxStore } from '../outbox/store.ts';
import type { RelayerSettings } from './config.ts';
import { keepOverdue } from './overdue.ts';
import type { Relayer } from './relayer.ts';
import { keepRetention } from './retention.ts';
import type { Meters } from './status/meters.ts';

export interface BackgroundParts {
  readonly settings: Pick<RelayerSettings, 'retention' | 'confirm-window' | 'status-port' | 'concurrency'>;
  readonly database: Pick<OutboxDatabase, 'engine' | 'name' | 'slots'>;
  readonly access: ConvoyAccess;
  /** URL of the project. */
  readonly gateway: string;
  /** Resolves when the start-up check has passed. */
  readonly checked: Promise<void>;
  readonly relayer: Pick<Relayer, 'isGatewayOpen' | 'wake'>;
  /** Resolves at a moment in which a request disturbs no delivery. */
  readonly calm: () => Promise<void>;
  readonly meters: Meters;
  readonly slot: Pick<RelayerSlot, 'name'>;
  readonly pid: number;
  readonly store: OutboxStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** By then a restarted relayer has delivered what its predecessor left: loading the page's server costs it nothing. */
const serveAfterMs = 1_000;

/** Starts the loops. Each promise resolves when its loop has ended with the signal. */
export function startBackground(parts: BackgroundParts): readonly Promise<void>[] {
  const { settings, relayer, store, clock, log, signal } = parts;
  const isConfirming = settings['confirm-window'] > 0;
  return [
    keepOverdue({ store, isGatewayOpen: () => relayer.isGatewayOpen, clock, log, signal }),
    keepRetention({ store, clock, log, signal, retentionMs: settings.retention, isConfirming }),
    ...(isConfirming ? [confirming(parts)] : []),
    ...(settings['status-port'] > 0 ? [serving(parts)] : []),
  ];
}

async function confirming(parts: BackgroundParts): Promise<void> {
  await parts.checked;
  const { keepConfirming } = await import('./confirm-service.ts');
  await keepConfirming({
    ...parts,
    windowMs: parts.settings['confirm-window'],
    onResent: () => parts.relayer.wake(),
    acquire: parts.database.slots.tryAcquireConfirm,
  });
}

async function serving(parts: BackgroundParts): Promise<void> {
  const { settings, database, gateway, slot, pid, clock, log, signal } = parts;
  await sleep(clock, serveAfterMs, signal);
  if (signal.aborted) return;
  const status = await import('./status/status-service.ts').catch((error: unknown) => {
    // A broken installation of what only the page needs must not stop deliveries.
    log.error('the live page cannot be loaded', { reason: errorText(error), check: 'run npm ci again' });
    return null;
  });
  await status?.serveStatus({
    ...parts,
    port: settings['status-port'],
    engine: database.engine,
    alive: database.slots.alive,
    about: {
      database: database.name,
      gateway,
      relayer: slot.name,
      pid,
      concurrency: settings.concurrency,
    },
  });
}
