// The command line of a benchmark. Flags only: no variable and no `.env` changes what is measured (but where the servers of peers are).
import path from 'node:path';
import yargs from 'yargs';
import { packageRoot } from '../../apps/outbox/environment.ts';
import { duration, type Parsed, wholeNumber } from '../../apps/outbox/flag.ts';
import { BenchError } from './bench-error.ts';
import { type BenchEngine, engineOf, sqlite } from './engine-option.ts';
import { risingNumbers, someOf, somePeers } from './list-option.ts';
import { peerNames } from './peers/peer-list.ts';
import { workNames } from './peers/work-names.ts';

/** What can be measured, in the order in which it is. */
const usualParts = ['drain', 'latency', 'burst', 'writer', 'start', 'recovery', 'idle'] as const;
/** What takes long, or much room: measured only when it is named. */
const longParts = ['flat', 'confirm', 'prune', 'slots', 'relayers', 'bloat'] as const;
export const partNames = [...usualParts, ...longParts] as const;
/** A file is not vacuumed. */
const onPostgresOnly: readonly PartName[] = ['bloat'];
export type PartName = (typeof partNames)[number];

export interface BenchSettings extends BenchEngine {
  /** Runs that count; with more than one, another goes before them to warm up. */
  readonly runs: number;
  /** Events that wait at the start of a drain. */
  readonly pending: number;
  /** Relayers that drain together. */
  readonly relayers: number;
  /** Slots of a relayer; null leaves it its own default. */
  readonly concurrency: number | null;
  /** Between a request and the gateway's answer, ms. */
  readonly gatewayLatencyMs: number;
  readonly only: readonly PartName[];
  /** `flat`: how many events wait at each point, the smallest first. */
  readonly sizes: readonly number[];
  /** `flat`: processed events in the table at its last point; 0 leaves that point out. */
  readonly processed: number;
  /** `bloat`: for how long events come and go, ms. */
  readonly lastingMs: number;
  /** `bloat`: at most so many events a second; null lets as many through as there is room for. */
  readonly perSecond: number | null;
  /** Folder for result and picture, absolute. */
  readonly out: string;
  /** Print the result as one JSON object instead of the table. */
  readonly json: boolean;
  /** Other libraries to measure beside ours; null measures ours alone. */
  readonly peers: readonly string[] | null;
  /** Where these are kept installed, absolute. */
  readonly peersFolder: string;
}

const usage = `$0 [options]

Measures this machine with the relayer's defaults, in about four minutes, and writes the result and a picture of it.
Exit status: 0 measured, 1 could not be measured, 2 wrong options, 130 interrupted.`;

/** Peers take four minutes a run. */
const usualRuns = { alone: 5, withPeers: 3 } as const;

const text = { type: 'string', requiresArg: true } as const;

const options = {
  runs: {
    ...text,
    describe: `How often to measure each figure [default: ${usualRuns.alone}, with --peers ${usualRuns.withPeers}]`,
  },
  pending: { ...text, default: '10000', describe: 'Events that wait when a drain begins' },
  relayers: { ...text, default: '1', describe: 'Relayers that drain together' },
  concurrency: { ...text, describe: "Slots of each relayer [default: the relayer's own]" },
  'gateway-latency': { ...text, default: '0', describe: 'How long the gateway takes for each answer' },
  database: {
    ...text,
    default: 'sqlite',
    describe:
      'sqlite; or postgres, on the server of TEST_POSTGRES_URL or of this machine; or a postgres:// URL',
  },
  only: {
    ...text,
    describe: `Some of ${partNames.join(',')} [default: all but ${longParts.join(',')}, which take minutes each]`,
  },
  sizes: {
    ...text,
    default: '1000,100000,1000000',
    describe: 'flat: how many events wait, point by point, smallest first',
  },
  processed: {
    ...text,
    default: '10000000',
    describe: 'flat: processed events in the table at its last point; 0 leaves it out',
  },
  'per-second': { ...text, describe: 'bloat: at most so many events [default: as many as go through]' },
  lasting: { ...text, default: '10m', describe: 'bloat: for how long events come and go' },
  peers: {
    type: 'string',
    describe: `Measure ours beside other libraries: ${peerNames.join(',')}, or some of them. They are installed on first use`,
  },
  'peers-folder': {
    ...text,
    default: 'bench-results/peers',
    describe: 'Where these are kept installed; may be removed at any time',
  },
  out: { ...text, default: 'bench-results', describe: 'Folder for result and picture' },
  json: { type: 'boolean', default: false, describe: 'Print the result as one JSON object' },
} as const;

/** The settings, or the text of `--help`. Throws ERR_BENCH_USAGE that names the flag. */
export async function readBenchConfig(args: readonly string[]): Promise<BenchSettings | string> {
  const parser = yargs()
    .scriptName('npm run bench --')
    .usage(usage)
    .locale('en')
    .strict()
    .version(false)
    .wrap(110)
    .options(options);
  let complaint = '';
  let output = '';
  parser.fail((message, error) => {
    complaint ||= message ?? error.message;
  });
  const given = await parser.parseAsync([...args], {}, (_error, _argv, shown) => {
    output = shown;
  });
  if (complaint !== '') throw refusal(`${complaint.split('\n')[0]}. Try npm run bench -- --help.`);
  if ('help' in given && given.help === true) return output;
  const extra = given._[0];
  if (extra !== undefined) throw refusal(`"${extra}" means nothing here. Try npm run bench -- --help.`);
  const peers = read('peers', given.peers, somePeers) ?? null;
  const possible = peers === null ? partNames : workNames;
  const usual = peers === null ? usualParts : workNames;
  if (peers !== null && given.relayers !== '1') {
    throw refusal('--relayers: with --peers there is one worker each, leave it out.');
  }
  const database = read('database', given.database, engineOf) ?? sqlite;
  if (peers !== null && database.engine !== 'sqlite') {
    throw refusal('--database: with --peers ours runs on both, leave it out.');
  }
  const only = read('only', given.only, someOf(possible)) ?? usual;
  const unfit = only.filter((part) => database.engine !== 'postgres' && onPostgresOnly.includes(part));
  if (unfit.length > 0) {
    throw refusal(`--only: ${unfit.join(',')} can be measured with --database postgres only.`);
  }
  return {
    ...database,
    runs:
      read('runs', given.runs, wholeNumber({ min: 1, max: 1_000 })) ??
      (peers === null ? usualRuns.alone : usualRuns.withPeers),
    pending: read('pending', given.pending, wholeNumber({ min: 100, max: 10_000_000 })) ?? 10_000,
    relayers: read('relayers', given.relayers, wholeNumber({ min: 1, max: 16 })) ?? 1,
    concurrency: read('concurrency', given.concurrency, wholeNumber({ min: 1, max: 1_000 })) ?? null,
    gatewayLatencyMs:
      read('gateway-latency', given['gateway-latency'], duration({ minMs: 0, maxMs: 5_000 })) ?? 0,
    only,
    sizes: read('sizes', given.sizes, risingNumbers) ?? [],
    processed: read('processed', given.processed, wholeNumber({ min: 0, max: 100_000_000 })) ?? 0,
    lastingMs: read('lasting', given.lasting, duration({ minMs: 1_000, maxMs: 86_400_000 })) ?? 600_000,
    perSecond: read('per-second', given['per-second'], wholeNumber({ min: 1, max: 1_000_000 })) ?? null,
    out: path.resolve(packageRoot, String(single('out', given.out))),
    json: single('json', given.json) === true,
    peers,
    peersFolder: path.resolve(packageRoot, String(single('peers-folder', given['peers-folder']))),
  };
}

function read<Value>(
  name: string,
  given: unknown,
  parse: (text: string) => Parsed<Value>,
): Value | undefined {
  const value = single(name, given);
  if (value === undefined) return undefined;
  const parsed = parse(String(value));
  if (parsed.kind === 'value') return parsed.value;
  throw refusal(`--${name}: expected ${parsed.text}, got ${JSON.stringify(value)}.`);
}

function single(name: string, given: unknown): unknown {
  if (Array.isArray(given)) throw refusal(`--${name} was given more than once: give it once.`);
  return given;
}

function refusal(message: string): BenchError {
  return new BenchError('ERR_BENCH_USAGE', message);
}
