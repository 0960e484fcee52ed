// The command line of a chaos run. Flags only: no variable and no `.env` changes what it does.
import { randomInt } from 'node:crypto';
import path from 'node:path';
import yargs from 'yargs';
import { packageRoot } from '../../apps/outbox/environment.ts';
import { duration, type Parsed, wholeNumber } from '../../apps/outbox/flag.ts';
import { isPostgresUrl } from '../../apps/outbox/postgres/address.ts';
import { ChaosError } from './chaos-error.ts';

export interface ChaosSettings {
  /** Decides what happens, to whom and after how long. */
  readonly seed: number;
  /** How long trouble is made, in ms. */
  readonly durationMs: number;
  /** The least number of processes to kill; trouble goes on until they are done. */
  readonly kills: number;
  /** How many relayers run at once. */
  readonly relayers: number;
  /** Instead of killing, watch for growth. */
  readonly soak: boolean;
  /** Leave the folder in place, whatever the verdict. */
  readonly keep: boolean;
  /** Folder for result and picture, absolute. */
  readonly out: string;
  /** On which database: `sqlite`, `postgres` for a server of the run's own, or the `postgres://` URL of one that is there. */
  readonly database: string;
  /** Let the sandbox forget events that it acknowledged: the run must fail. */
  readonly forget: boolean;
}

const largestSeed = 0xffff_ffff;
const usage = `$0 [options]

Kills, pauses and misleads the real processes for a while, then checks that no event was lost.
Exit status: 0 the promise held, 1 it was broken, 2 wrong options, 3 could not run.`;

const shortestDefaultMs = 30_000;
/** Kills as dense as two cores bear: a relayer is up 0.3 s after one. */
export const denseGapMs = 300;

const text = { type: 'string', requiresArg: true } as const;

/** The settings, or the text of `--help`. Throws ERR_CHAOS_USAGE that names the flag. */
export async function readChaosConfig(args: readonly string[]): Promise<ChaosSettings | string> {
  const parser = yargs()
    .scriptName('npm run chaos --')
    .usage(usage)
    .locale('en')
    .strict()
    .version(false)
    .wrap(110)
    .option('seed', { ...text, describe: 'Repeats a run [default: random]' })
    .option('duration', {
      ...text,
      describe:
        'How long to make trouble; healing and checking come on top [default: 30s, longer for more than 100 kills]',
    })
    .option('kills', {
      ...text,
      describe:
        'Make trouble until so many processes were killed, and for --duration [default: one per second]',
    })
    .option('relayers', { ...text, describe: 'Relayers at once [default: 2]' })
    .option('soak', {
      ...text,
      conflicts: ['kills', 'duration'],
      describe: 'For so long kill nobody, and watch memory, descriptors and WAL for growth (Linux)',
    })
    .option('database', {
      ...text,
      default: 'sqlite',
      describe:
        'sqlite; postgres: on a PostgreSQL server of its own; or postgres://... : in a database of its own on that server',
    })
    .option('out', { ...text, default: 'chaos-results', describe: 'Folder for result and picture' })
    .option('keep', { type: 'boolean', default: false, describe: 'Leave the folder of the run in place' })
    .option('forget', {
      type: 'boolean',
      default: false,
      describe: 'Let the sandbox forget acknowledged events, to see the run fail',
    });
  let complaint = '';
  let output = '';
  parser.fail((message, error) => {
    complaint ||= message ?? error.message;
  });
  const given = await parser.parseAsync([...args], {}, (_error, _argv, text) => {
    output = text;
  });
  if (complaint !== '') throw refusal(`${complaint.split('\n')[0]}. Try npm run chaos -- --help.`);
  if ('help' in given && given.help === true) return output;
  const extra = given._[0];
  if (extra !== undefined) throw refusal(`"${extra}" means nothing here. Try npm run chaos -- --help.`);

  const soakMs = read('soak', given.soak, duration({ minMs: 1_000, maxMs: 7 * 86_400_000 }));
  if (soakMs !== undefined && process.platform !== 'linux') throw refusal('--soak needs the /proc of Linux.');
  const kills = soakMs === undefined ? read('kills', given.kills, wholeNumber({ min: 1, max: 100_000 })) : 0;
  const durationMs =
    soakMs ??
    read('duration', given.duration, duration({ minMs: 1_000, maxMs: 3_600_000 })) ??
    Math.max(shortestDefaultMs, (kills ?? 0) * denseGapMs);
  return {
    seed: read('seed', given.seed, wholeNumber({ min: 0, max: largestSeed })) ?? randomInt(largestSeed),
    durationMs,
    kills: kills ?? Math.ceil(durationMs / 1_000),
    relayers: read('relayers', given.relayers, wholeNumber({ min: 1, max: 8 })) ?? 2,
    soak: soakMs !== undefined,
    out: path.resolve(packageRoot, String(single('out', given.out))),
    keep: single('keep', given.keep) === true,
    database: databaseOf(String(single('database', given.database))),
    forget: single('forget', given.forget) === true,
  };
}

function read<Value>(
  name: string,
  given: unknown,
  parse: (text: string) => Parsed<Value>,
): Value | undefined {
  const text = single(name, given);
  if (text === undefined) return undefined;
  const parsed = parse(String(text));
  if (parsed.kind === 'value') return parsed.value;
  throw refusal(`--${name}: expected ${parsed.text}, got ${JSON.stringify(text)}.`);
}

function databaseOf(text: string): string {
  if (text === 'sqlite' || text === 'postgres') return text;
  if (isPostgresUrl(text) && URL.canParse(text)) return text;
  throw refusal('--database: expected sqlite, postgres or a URL such as postgres://USER@HOST:PORT/postgres.');
}

function single(name: string, given: unknown): unknown {
  if (Array.isArray(given)) throw refusal(`--${name} was given more than once: give it once.`);
  return given;
}

function refusal(message: string): ChaosError {
  return new ChaosError('ERR_CHAOS_USAGE', message);
}
