// Serves the page while the relayer runs: begins when the first batch is long out, waits quietly for a port that another
// relayer has, and ends with the signal. That it cannot serve never harms a delivery.
import { type Clock, sleep } from '../../outbox/clock.ts';
import { isCorrupt } from '../../outbox/judge-trouble.ts';
import { errorText, type Log } from '../../outbox/log.ts';
import type { OutboxDatabase } from '../../outbox/outbox-database.ts';
import type { RelayerSlots } from '../../outbox/relayer-slot.ts';
import type { OutboxStore } from '../../outbox/store.ts';
import { Broadcast } from './broadcast.ts';
import { Chronicler } from './chronicle.ts';
import { figuresOf } from './figures.ts';
import type { Meters } from './meters.ts';
import { Moments } from './moment.ts';
import { pastOf } from './past.ts';
import type { Exporter } from './prometheus.ts';
import { reasonsNotReady } from './readiness.ts';
import { routesOf } from './routes.ts';
import { createStatusServer, type StatusServer } from './server.ts';
import { redriveCommand, verdictOf } from './verdict.ts';

export interface StatusParts {
  readonly port: number;
  readonly meters: Meters;
  readonly store: OutboxStore;
  readonly engine: OutboxDatabase['engine'];
  readonly alive: RelayerSlots['alive'];
  readonly about: {
    readonly database: string;
    readonly gateway: string;
    readonly relayer: string;
    readonly pid: number;
    readonly concurrency: number;
  };
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** How often a relayer without the port looks whether it is free: some 0.1 ms each time. */
const tryAgainMs = 2_000;
const oneDayMs = 86_400_000;

/** Resolves when the signal has aborted and the port is free again. Rejects when the database turns out to be damaged. */
export async function serveStatus(parts: StatusParts): Promise<void> {
  const { log, signal } = parts;
  let onDamage = (_: unknown) => {};
  const damaged = new Promise<never>((_, reject) => {
    onDamage = reject;
  });
  const onError = (error: unknown) => {
    if (signal.aborted) return;
    log.warn('the live page could not be answered', { reason: errorText(error) });
    if (isCorrupt(error)) onDamage(error);
  };
  const server = createStatusServer({ answer: routesOf(partsOfRoutes(parts, onError)), onError });
  try {
    await Promise.race([damaged, untilStopped(server, parts)]);
  } finally {
    await server.close();
  }
}

async function untilStopped(server: StatusServer, parts: StatusParts): Promise<void> {
  const { clock, log, signal } = parts;
  const port = await portWhenFree(server, parts);
  if (port !== null) log.info('live page', { url: `http://127.0.0.1:${port}` });
  while (!signal.aborted) await sleep(clock, oneDayMs, signal);
}

/** Null when the signal aborts before the port is free. */
async function portWhenFree(
  server: StatusServer,
  { port, clock, log, signal }: StatusParts,
): Promise<number | null> {
  for (let tries = 0; !signal.aborted; tries += 1) {
    try {
      return await server.listen(port);
    } catch (error) {
      // Everyday life with several relayers: one of them serves the page, the others wait until it ends.
      if (tries === 0) log.info('the live page is not served here', { port, reason: errorText(error) });
    }
    await sleep(clock, tryAgainMs, signal);
  }
  return null;
}

function partsOfRoutes(parts: StatusParts, onError: (error: unknown) => void) {
  const { store, meters, clock, signal, engine, alive, about } = parts;
  const broadcast = new Broadcast({
    clock,
    onError,
    watch: () => ({
      moments: new Moments(store, { meters, clock }),
      chronicler: new Chronicler({ store, clock, alive }),
    }),
    past: (sinceMs) => pastOf(sinceMs, { store, clock, signal }),
    judge: (moment, { deaths, stalledSinceMs, undeliveredAtMs }) =>
      verdictOf({
        ...moment,
        nowMs: moment.atMs,
        isSendingAllowed: meters.isSendingAllowed,
        failingSinceMs: meters.failingSinceMs,
        held: meters.held,
        isOnServer: engine === 'postgres',
        ...{ deaths, stalledSinceMs, undeliveredAtMs },
      }),
    about: { ...about, redriveCommand },
  });
  const reasons = () => reasonsNotReady(meters, clock.nowMs());
  let exporter: Promise<Exporter> | null = null;
  return {
    broadcast,
    reasonsNotReady: reasons,
    async metrics() {
      exporter ??= import('./prometheus.ts').then(({ createExporter }) => createExporter(about.relayer));
      const { type, text } = await exporter;
      const figures = await figuresOf(store, clock);
      const isReady = reasons().length === 0;
      return { type, text: await text({ figures, meters, slots: about.concurrency, isReady }) };
    },
  };
}
