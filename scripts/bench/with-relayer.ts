// A relayer and a writer on a new database, for as long as something is measured with them; both are ended whatever happens.
import type { Bench } from './bench.ts';
import { inTime } from './patience.ts';
import { type RelayerProcess, startRelayer } from './relayer-process.ts';
import { startWriter, type WriterLink } from './writer-link.ts';

export interface Pair {
  readonly database: string;
  readonly relayer: RelayerProcess;
  readonly writer: WriterLink;
  /** Resolves once so many events of this pair have been accepted; rejects when the relayer ends or after a minute. */
  accepted(events: number): Promise<void>;
}

/** Commits of a warm-up, at 500 a second. */
const warmUp = { commits: 200, everyMs: 2 } as const;

/** Starts both on a database without pending events, lets them warm up, and resets the gateway's counts before `work`. */
export async function withRelayer<Result>(
  bench: Bench,
  work: (pair: Pair) => Promise<Result>,
): Promise<Result> {
  const database = await bench.stock.take(0);
  return withRelayerOn(database, bench, work).finally(() => bench.stock.drop(database));
}

/** The same on a database in which nothing is due. It stays. */
export async function withRelayerOn<Result>(
  database: string,
  { ground, gateway, relayer: setup, signal }: Bench,
  work: (pair: Pair) => Promise<Result>,
): Promise<Result> {
  await gateway.reset();
  const writer = await startWriter({
    database,
    environment: ground.environment,
    logFile: ground.file('writer.log'),
  });
  const relayer = startRelayer(ground, { ...setup, database });
  const accepted = (events: number) =>
    inTime(Promise.race([gateway.accepted(events), relayer.failed]), {
      what: `${events} events are accepted`,
      withinMs: 60_000,
      signal,
    });
  try {
    await inTime(relayer.ready, { what: 'the relayer is ready', withinMs: 30_000, signal });
    await writer.trickle(warmUp.commits, warmUp.everyMs);
    await accepted(warmUp.commits);
    await gateway.reset();
    return await work({ database, relayer, writer, accepted });
  } finally {
    await Promise.all([relayer.stop(), writer.end()]);
  }
}
