// How settings are read: flag over environment over .env over default, and one clear line for whatever is wrong.
import { describe, expect, test } from 'vitest';
import { type ConfigRequest, readConfig } from '../apps/outbox/config.ts';
import { duration, oneOf, text, wholeNumber } from '../apps/outbox/flag.ts';
import { OutboxError } from '../apps/outbox/outbox-error.ts';

const flags = {
  'poll-interval': {
    variable: 'RELAYER_POLL_INTERVAL',
    describe: 'How often to look',
    default: '5s',
    parse: duration({ minMs: 10, maxMs: 3_600_000 }),
  },
  concurrency: {
    variable: 'RELAYER_CONCURRENCY',
    describe: 'Most events in flight',
    default: '32',
    parse: wholeNumber({ min: 1, max: 1_000 }),
  },
  mode: { variable: 'RELAYER_MODE', describe: 'How', parse: oneOf(['fast', 'slow']) },
  'api-key': {
    variable: 'CONVOY_API_KEY',
    describe: 'The key',
    secret: true,
    parse: text({ maxLength: 10 }),
  },
  url: { variable: 'CONVOY_URL', describe: 'Where', parse: oneOf(['https://good.test']) },
} as const;

type Variables = Readonly<Record<string, string>>;

function request(args: readonly string[], variables: Variables = {}): ConfigRequest<typeof flags> {
  return {
    command: 'npm run relay --',
    purpose: 'Hands events on.',
    flags,
    prefix: 'RELAYER_',
    args,
    environment: { root: '/', variables },
    examples: ['Example: npm run relay -- --mode fast'],
  };
}

async function settingsOf(args: readonly string[], variables: Variables = {}) {
  const result = await readConfig(request(args, variables));
  if (result.kind !== 'settings') throw new Error('settings were expected');
  return result;
}

/** The message of the refusal. */
async function refusalOf(args: readonly string[], variables: Variables = {}): Promise<string> {
  const error = await readConfig(request(args, variables)).then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof OutboxError)) throw new Error(`a refusal was expected, got ${error}`);
  expect(error.code).toBe('ERR_OUTBOX_CONFIG');
  expect(error.message).not.toContain('\n');
  return error.message;
}

describe('a setting', () => {
  test('comes from its flag, else its variable, else its default', async () => {
    const variables = { RELAYER_POLL_INTERVAL: '2s' };
    expect((await settingsOf(['--poll-interval', '1s'], variables)).settings['poll-interval']).toBe(1_000);
    expect((await settingsOf([], variables)).settings['poll-interval']).toBe(2_000);
    expect((await settingsOf([])).settings['poll-interval']).toBe(5_000);
  });

  test('may be written with an equals sign', async () => {
    expect((await settingsOf(['--poll-interval=250ms'])).settings['poll-interval']).toBe(250);
  });

  test('without a default is undefined when nobody gave it', async () => {
    expect((await settingsOf([])).settings.mode).toBeUndefined();
  });
});

describe('a mistake is named, with what was expected and what came:', () => {
  test.each([
    { args: ['--poll-interval', '5'], says: ['--poll-interval', 'a duration such as', '"5"'] },
    { args: ['--poll-interval', '2h'], says: ['--poll-interval', 'from 10ms to 1h', '"2h"'] },
    { args: ['--concurrency', '0'], says: ['--concurrency', 'a whole number from 1 to 1000', '"0"'] },
    { args: ['--concurrency', 'many'], says: ['--concurrency', 'a whole number', '"many"'] },
    { args: ['--mode', 'warp'], says: ['--mode', 'one of fast, slow', '"warp"'] },
    { args: ['--mode', ''], says: ['--mode'] },
    { args: ['--mode'], says: ['mode'] },
    { args: ['--poll-intervall', '5s'], says: ['poll-intervall', '--help'] },
    { args: ['--pollInterval', '5s'], says: ['pollInterval', '--help'] },
    { args: ['-x'], says: ['x', '--help'] },
    { args: ['poll-interval', '5s'], says: ['2 arguments', 'without a flag', '--help'] },
    { args: ['--mode', 'fast', '--mode', 'slow'], says: ['--mode', 'more than once'] },
    { args: ['--no-mode'], says: ['mode'] },
    { args: ['--version'], says: ['version', '--help'] },
  ])('$args', async ({ args, says }) => {
    const message = await refusalOf(args);
    for (const part of says) expect(message).toContain(part);
  });

  test('a variable by its own name', async () => {
    const message = await refusalOf([], { RELAYER_CONCURRENCY: '1.5' });
    expect(message).toBe('RELAYER_CONCURRENCY: expected a whole number from 1 to 1000, got "1.5".');
  });
});

describe('a secret', () => {
  const secret = 'sk-live-1234567890';

  test.each([
    { where: 'in a flag', args: ['--api-key', secret], variables: {} },
    { where: 'in a variable', args: [], variables: { CONVOY_API_KEY: secret } },
    { where: 'given twice', args: ['--api-key', secret, '--api-key', secret], variables: {} },
    { where: 'behind a misspelt flag', args: ['--api-kye', secret], variables: {} },
    { where: 'behind a misspelt flag, with an equals sign', args: [`--api-kye=${secret}`], variables: {} },
    { where: 'as password in a URL', args: [], variables: { CONVOY_URL: `https://me:${secret}@good.test` } },
    {
      where: 'as password with a slash and an at',
      args: [],
      variables: { CONVOY_URL: `https://me:a/b@${secret}@x.test` },
    },
  ])('$where is never in the error', async ({ args, variables }) => {
    expect(await refusalOf(args, variables as Variables)).not.toContain(secret);
  });

  test('on the command line draws a warning that does not repeat it', async () => {
    const { warnings } = await settingsOf(['--api-key', 'k1']);
    expect(warnings).toEqual([
      '--api-key on the command line is visible in the process list: prefer CONVOY_API_KEY',
    ]);
    expect((await settingsOf([], { CONVOY_API_KEY: 'k1' })).warnings).toEqual([]);
  });
});

describe('an unknown variable', () => {
  test("with the application's prefix is a warning that names the nearest", async () => {
    const { warnings } = await settingsOf([], { RELAYER_POL_INTERVAL: '5s', RELAYER_CONCURENCY: '4' });
    expect(warnings).toEqual([
      'RELAYER_POL_INTERVAL is set but means nothing here: did you mean RELAYER_POLL_INTERVAL?',
      'RELAYER_CONCURENCY is set but means nothing here: did you mean RELAYER_CONCURRENCY?',
    ]);
  });

  test("of anybody else is nobody's business", async () => {
    expect((await settingsOf([], { PATH: '/bin', INGESTER_RATE: '1s', name: 'pm2' })).warnings).toEqual([]);
  });
});

test('--help is a text with every option, its variable and its default', async () => {
  const result = await readConfig(request(['--help']));
  if (result.kind !== 'text') throw new Error('a text was expected');
  for (const [name, { variable }] of Object.entries(flags)) {
    expect(result.text).toContain(`--${name}`);
    expect(result.text).toContain(`[${variable}]`);
  }
  expect(result.text).toContain('[default: 5s]');
  expect(result.text).toContain('Example: npm run relay -- --mode fast');
});
