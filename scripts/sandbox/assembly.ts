// Puts the sandbox's parts together, from the ledger to the HTTP server, and takes them apart again. Listening and
// the public face are elsewhere.
import { once } from 'node:events';
import type { Server } from 'node:http';
import { silentLog } from '../../apps/outbox/log.ts';
import { type Activity, createActivity } from './activity.ts';
import { createDeliveries, type Deliveries, type DeliveryCounts } from './delivery.ts';
import type { EndpointBook } from './endpoint-book.ts';
import type { EndpointControls } from './endpoint-control.ts';
import { createEventStore } from './event-store.ts';
import type { FaultKind } from './fault.ts';
import { createFaultBoard } from './fault-board.ts';
import { createFront } from './front.ts';
import { createLedger } from './ledger.ts';
import type { LedgerSink } from './ledger-file.ts';
import type { LedgerLine } from './ledger-line.ts';
import { createProjectBook } from './project-book.ts';
import { createRateLimiter } from './rate-limit.ts';
import { createReceiver, type Receiver, type ReceiverCounts } from './receiver.ts';
import type { SandboxOptions } from './sandbox-options.ts';
import type { AcceptedEvent, World } from './world.ts';

/** A summary in numbers. */
export interface SandboxState {
  readonly pid: number;
  /** Acceptances, repeats included, and the distinct keys among them. */
  readonly accepted: number;
  readonly keys: number;
  /** Keys that came again with other `data`, which must never happen. */
  readonly changedKeys: number;
  readonly waitingToBeStored: number;
  /** Stored rows, repeats included. */
  readonly rows: number;
  readonly webhooks: DeliveryCounts;
  readonly receiver: ReceiverCounts;
  /** Requests touched by faults since the start, by kind. */
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>;
}

export interface Assembly {
  readonly world: World;
  /** Not listening yet. */
  readonly server: Server;
  state(): SandboxState;
  /** Learns a line that an earlier life wrote. */
  restore(line: LedgerLine): void;
  close(): Promise<void>;
}

const DEFAULT_WAITING_BYTES = 32 * 1024 * 1024;
const convoysRateLimit = { burst: 60_000, perSecond: 1000 };

export interface Materials {
  readonly options: SandboxOptions;
  readonly sink: LedgerSink | null;
  /** Changes the endpoints on somebody's order. */
  readonly control: EndpointControls;
  readonly endpoints: EndpointBook;
}

/** Builds everything; the book of endpoints may be filled in later, before the first request. */
export function assemble(materials: Materials): Assembly {
  const { options, sink, endpoints } = materials;
  const activity = createActivity(options.log ?? silentLog);
  const deliveries = createDeliveries({
    deliverDelayMs: options.deliverDelayMs ?? 2000,
    parallel: options.parallelDeliveries ?? 4,
    maxWaitingBytes: options.maxWaitingBytes ?? DEFAULT_WAITING_BYTES,
    activity,
  });
  const receiver = createReceiver({ endpoints, activity });
  const world = createWorld(materials, { activity, deliveries });
  const state = () => stateOf({ world, deliveries, receiver });
  const controlled = { faults: world.faults, ledger: world.ledger, endpoints: materials.control, state };
  const server = createFront({
    world,
    controlled,
    receiver,
    idleSocketMs: options.idleSocketMs ?? 30_000,
    isTimeOwn: options.nowMs !== undefined,
  });
  return {
    world,
    server,
    state,
    restore: (line) => restoreLine(world, line),
    async close() {
      if (world.isClosing) return;
      world.isClosing = true;
      world.store.stop();
      deliveries.stop();
      await closeServer(server);
      activity.stop();
      sink?.close();
    },
  };
}

function createWorld(
  { options, sink, endpoints }: Materials,
  { activity, deliveries }: { readonly activity: Activity; readonly deliveries: Deliveries },
): World {
  const rateLimit = options.rateLimit ?? convoysRateLimit;
  const nowMs = options.nowMs ?? Date.now;
  const apiKey = options.apiKey ?? 'sandbox-key';
  return {
    apiKey,
    projects: createProjectBook({ apiKey, personalKey: options.personalKey ?? 'sandbox-personal-key' }),
    endpoints,
    nowMs,
    ledger: createLedger(sink, nowMs),
    store: createEventStore<AcceptedEvent>({
      nowMs,
      storeDelayMs: options.storeDelayMs ?? 1000,
      onStored: ({ owner, posted: { key, data, dataRemarks, customHeaders } }) => {
        for (const endpoint of endpoints.subscribed(owner)) {
          deliveries.add({ endpoint, key, data, customHeaders, hasBlanks: dataRemarks.hasBlanks });
        }
      },
    }),
    faults: createFaultBoard(options.random ?? Math.random),
    rateLimit,
    limiters: { events: createRateLimiter(rateLimit), reads: createRateLimiter(rateLimit) },
    activity,
    bodyStallMs: options.bodyStallMs ?? 30_000,
    isClosing: false,
  };
}

function stateOf(parts: {
  readonly world: World;
  readonly deliveries: Deliveries;
  readonly receiver: Receiver;
}): SandboxState {
  const { ledger, store, faults } = parts.world;
  return {
    pid: process.pid,
    accepted: ledger.acceptedCount(),
    keys: ledger.keyCount(),
    changedKeys: ledger.changedKeys().length,
    waitingToBeStored: store.pendingCount(),
    rows: store.rows().length,
    webhooks: parts.deliveries.counts(),
    receiver: parts.receiver.counts(),
    faults: faults.touched(),
  };
}

function restoreLine({ ledger, store }: World, line: LedgerLine): void {
  ledger.restore(line);
  if (line.kind !== 'accepted') return;
  const { key, owner, type, fate = 'delivered', atMs } = line;
  store.restore({ key, owner, type, fate, acknowledgedAtMs: atMs });
}

async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
