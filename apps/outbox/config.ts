// Turns flags, environment and defaults into typed settings: flag over environment over `.env` over default. Shared
// by both applications' config.ts; it does no I/O and never exits.
import { type Environment, type Variables, withoutPassword } from './environment.ts';
import { type Flag, type Flags, oneOf } from './flag.ts';
import { type LogLevel, logLevels } from './log.ts';
import { OutboxError } from './outbox-error.ts';

/** What every setting resolved to; undefined where it has no default and was not given. */
export type Settings<Definitions extends Flags> = {
  readonly [Name in keyof Definitions]: Definitions[Name] extends Flag<infer Value> & { default: string }
    ? Value
    : Definitions[Name] extends Flag<infer Value>
      ? Value | undefined
      : never;
};

/** Settings that both applications have. */
export const commonFlags = {
  'log-level': {
    variable: 'LOG_LEVEL',
    describe: 'How much to log: error, warn, info or debug',
    default: 'info',
    parse: oneOf<LogLevel>(logLevels),
  },
  'log-format': {
    variable: 'LOG_FORMAT',
    describe: 'How to log: text for people, json for machines',
    default: 'text',
    parse: oneOf(['text', 'json']),
  },
} as const satisfies Flags;

export interface ConfigRequest<Definitions extends Flags> {
  /** The command as people type it, for `--help`. */
  readonly command: string;
  /** One sentence on what it does. */
  readonly purpose: string;
  readonly flags: Definitions;
  /** Prefix of this application's own variables, such as `RELAYER_`: unknown ones are warned about. */
  readonly prefix: string;
  /** Arguments after the script's name. */
  readonly args: readonly string[];
  readonly environment: Environment;
  /** Example lines for `--help`. */
  readonly examples: readonly string[];
}

/** What reading the configuration came to. */
export type ConfigResult<Definitions extends Flags> =
  | {
      readonly kind: 'settings';
      readonly settings: Settings<Definitions>;
      readonly warnings: readonly string[];
    }
  /** `--help` or `--version` was asked for: print this and exit 0. */
  | { readonly kind: 'text'; readonly text: string };

/** Reads the settings. Throws ERR_OUTBOX_CONFIG that names the flag or variable, what was expected and what came. */
export async function readConfig<const Definitions extends Flags>(
  request: ConfigRequest<Definitions>,
): Promise<ConfigResult<Definitions>> {
  const given = await parseArguments(request);
  if (given.kind === 'text') return given;
  const warnings = await unknownVariables(request);
  const settings: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(request.flags)) {
    const fromFlag = given.values[name];
    if (fromFlag !== undefined && flag.secret) {
      warnings.push(`--${name} on the command line is visible in the process list: prefer ${flag.variable}`);
    }
    settings[name] = resolve({ name, flag, fromFlag, variables: request.environment.variables });
  }
  return { kind: 'settings', settings: settings as Settings<Definitions>, warnings };
}

/** The settings that environment and defaults give, without any flag. Throws ERR_OUTBOX_CONFIG as `readConfig` does. */
export function settingsOf<const Definitions extends Flags>(
  flags: Definitions,
  variables: Variables,
): Settings<Definitions> {
  const entries = Object.entries(flags).map(([name, flag]) => [
    name,
    resolve({ name, flag, fromFlag: undefined, variables }),
  ]);
  return Object.fromEntries(entries) as Settings<Definitions>;
}

type Arguments =
  | { readonly kind: 'values'; readonly values: Readonly<Record<string, string | undefined>> }
  | { readonly kind: 'text'; readonly text: string };

async function parseArguments(request: ConfigRequest<Flags>): Promise<Arguments> {
  // Under PM2 there are no arguments, and yargs takes some 70 ms to load: time that a restart after a crash would pay.
  if (request.args.length === 0) return { kind: 'values', values: {} };
  const { default: yargs } = await import('yargs');
  const parser = yargs()
    .scriptName(request.command)
    .usage(`$0 [options]\n\n${request.purpose}`)
    .locale('en')
    .strictOptions()
    .version(false)
    .parserConfiguration({ 'duplicate-arguments-array': true, 'camel-case-expansion': false })
    .wrap(110)
    .epilogue(
      ['Each option can also be set by its environment variable, or in .env.', ...request.examples].join(
        '\n',
      ),
    );
  for (const [name, flag] of Object.entries(request.flags)) {
    parser.option(name, {
      type: 'string',
      requiresArg: true,
      describe: `${flag.describe} [${flag.variable}]`,
      ...(flag.default === undefined ? {} : { defaultDescription: flag.default }),
    });
  }
  let complaint = '';
  let output = '';
  parser.fail((message, error) => {
    complaint ||= message ?? error.message;
  });
  const parsed = await parser.parseAsync([...request.args], {}, (_error, _argv, text) => {
    output = text;
  });
  if (complaint !== '') throw refusal(`${complaint.split('\n')[0]}. Try ${request.command} --help.`);
  // Named by number only: what stands there by mistake may be a key.
  if (parsed._.length > 0) {
    throw refusal(
      `${parsed._.length} arguments stand without a flag: each value needs its --flag. Try ${request.command} --help.`,
    );
  }
  if (parsed.help === true) return { kind: 'text', text: output };
  const names = Object.keys(request.flags);
  return {
    kind: 'values',
    values: Object.fromEntries(names.map((name) => [name, single(name, parsed[name])])),
  };
}

function single(name: string, given: unknown): string | undefined {
  if (given === undefined || typeof given === 'string') return given;
  throw refusal(`--${name} was given more than once: give it once.`);
}

function resolve(source: {
  readonly name: string;
  readonly flag: Flag<unknown>;
  readonly fromFlag: string | undefined;
  readonly variables: Variables;
}): unknown {
  const { name, flag, fromFlag, variables } = source;
  const chosen = fromFlag ?? variables[flag.variable] ?? flag.default;
  if (chosen === undefined) return undefined;
  const parsed = flag.parse(chosen);
  if (parsed.kind === 'value') return parsed.value;
  const where = fromFlag === undefined ? flag.variable : `--${name}`;
  const got = flag.secret ? 'something else' : JSON.stringify(withoutPassword(chosen));
  throw refusal(`${where}: expected ${parsed.text}, got ${got}.`);
}

async function unknownVariables(request: ConfigRequest<Flags>): Promise<string[]> {
  const known = Object.values(request.flags).map((flag) => flag.variable);
  const unknown = Object.keys(request.environment.variables).filter(
    (name) => name.startsWith(request.prefix) && !known.includes(name),
  );
  if (unknown.length === 0) return [];
  const { distance } = await import('fastest-levenshtein');
  return unknown.map((name) => {
    const nearest = known.toSorted((a, b) => distance(name, a) - distance(name, b))[0];
    return `${name} is set but means nothing here: did you mean ${nearest}?`;
  });
}

function refusal(message: string): OutboxError {
  return new OutboxError('ERR_OUTBOX_CONFIG', message);
}
