// The relayer's own settings: addresses, keys, and what must hold between them.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { convoyBaseUrl, gatewayName } from '../apps/outbox/convoy-url.ts';
import { credentialsOf } from '../apps/outbox/credentials.ts';
import { OutboxError } from '../apps/outbox/outbox-error.ts';
import { readRelayerConfig } from '../apps/relayer/config.ts';
import { tempDirectory } from './helpers.ts';

type Variables = Readonly<Record<string, string>>;

async function settingsOf(args: readonly string[], variables: Variables = {}) {
  const result = await readRelayerConfig({ args, environment: { root: '/srv/app', variables } });
  if (result.kind !== 'settings') throw new Error('settings were expected');
  return result.settings;
}

async function credentials(variables: Variables, args: readonly string[] = [], root = '/srv/app') {
  return credentialsOf(await settingsOf(args, variables), root);
}

async function refusalOf(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof OutboxError)) throw new Error(`a refusal was expected, got ${error}`);
  expect(error.code).toBe('ERR_OUTBOX_CONFIG');
  return error.message;
}

const convoy = { CONVOY_API_KEY: 'CO.key', CONVOY_PROJECT_ID: 'P1' };

test('the defaults are those of the documentation', async () => {
  expect(await settingsOf([])).toMatchObject({
    'poll-interval': 5_000,
    concurrency: 64,
    lease: 30_000,
    'request-timeout': 10_000,
    'max-attempts': 10,
    'max-interruptions': 20,
    'drain-timeout': 5_000,
    retention: 604_800_000,
    'log-level': 'info',
    'log-format': 'text',
    'allow-plain-http': 'no',
  });
});

test('the commands that users know work', async () => {
  const args = ['--convoy-api-key', 'K', '--convoy-project-id', 'P', '--poll-interval', '5s'];
  expect(await credentials({}, args)).toEqual({
    apiKey: 'K',
    projectId: 'P',
    baseUrl: 'https://api.getconvoy.io/api',
  });
});

describe('the base URL', () => {
  test.each([
    ['https://api.getconvoy.io', 'https://api.getconvoy.io/api'],
    ['https://api.getconvoy.io/', 'https://api.getconvoy.io/api'],
    ['https://api.getconvoy.io/api', 'https://api.getconvoy.io/api'],
    ['https://api.getconvoy.io/api/', 'https://api.getconvoy.io/api'],
    ['https://api.getconvoy.io/api/v1', 'https://api.getconvoy.io/api'],
    ['https://api.getconvoy.io/api/v1///', 'https://api.getconvoy.io/api'],
    ['https://us.getconvoy.cloud/tools/convoy', 'https://us.getconvoy.cloud/tools/convoy/api'],
    ['http://localhost:5005/api', 'http://localhost:5005/api'],
    [' HTTPS://API.getconvoy.io:443 ', 'https://api.getconvoy.io/api'],
  ])('%s is used as %s', (given, wanted) => {
    expect(convoyBaseUrl(given)).toEqual({ kind: 'value', value: wanted });
  });

  test.each([
    '',
    'getconvoy.io',
    'localhost:5005',
    'ftp://host',
    'https://',
    'https://me:pw@host',
    'https://host?x=1',
    'https://host#x',
    'https://ho st',
  ])('%j is refused', (given) => {
    expect(convoyBaseUrl(given).kind).toBe('expected');
  });

  test('and the project name the gateway, the same for every spelling', () => {
    const names = ['https://h/api/v1', 'https://h'].map((given) => {
      const parsed = convoyBaseUrl(given);
      return parsed.kind === 'value' ? gatewayName(parsed.value, 'a/b') : '';
    });
    expect(names).toEqual(['https://h/api/v1/projects/a%2Fb', 'https://h/api/v1/projects/a%2Fb']);
  });
});

describe('plain http', () => {
  const plain = (host: string) => ({ ...convoy, CONVOY_BASE_URL: `http://${host}` });

  test.each(['localhost:5005', '127.0.0.1:5005', '127.8.9.1', '[::1]:5005'])(
    'to this machine is fine: %s',
    async (host) => {
      expect((await credentials(plain(host))).baseUrl).toBe(`http://${host}/api`);
    },
  );

  test.each([
    'convoy.internal:5005',
    '10.0.0.5',
    '0.0.0.0:5005',
    'localhost.evil.test',
    '127.0.0.1.evil.test',
  ])('to another host is refused: %s', async (host) => {
    expect(await refusalOf(credentials(plain(host)))).toMatch(/unencrypted.*CONVOY_ALLOW_PLAIN_HTTP=yes/);
  });

  test('to another host is allowed by whoever says so', async () => {
    const variables = { ...plain('convoy.internal'), CONVOY_ALLOW_PLAIN_HTTP: 'yes' };
    expect((await credentials(variables)).baseUrl).toBe('http://convoy.internal/api');
  });
});

describe('a lease', () => {
  test('shorter than twice the request timeout is refused, with both', async () => {
    const message = await refusalOf(settingsOf(['--lease', '19s']));
    expect(message).toContain('--lease');
    expect(message).toContain('--request-timeout');
    expect((await settingsOf(['--lease', '20s'])).lease).toBe(20_000);
  });
});

describe('the key', () => {
  test.each([
    { variables: {}, missing: 'CONVOY_API_KEY and CONVOY_PROJECT_ID not set' },
    { variables: { CONVOY_API_KEY: 'K' }, missing: 'CONVOY_PROJECT_ID not set' },
    { variables: { CONVOY_PROJECT_ID: 'P' }, missing: 'CONVOY_API_KEY not set' },
  ])('and the project are both needed: $missing', async ({ variables, missing }) => {
    const message = await refusalOf(credentials(variables as Variables));
    expect(message).toContain(missing);
    expect(message).toContain('docs/convoy.md');
  });

  test('may come from a file, relative to the root, with a line break at its end', async () => {
    const root = tempDirectory();
    writeFileSync(path.join(root, 'key'), 'CO.from-file\n');
    const variables = { CONVOY_PROJECT_ID: 'P', CONVOY_API_KEY_FILE: './key' };
    expect((await credentials(variables, [], root)).apiKey).toBe('CO.from-file');
  });

  test.each([
    { what: 'is missing', content: null },
    { what: 'is empty', content: ' \n' },
    { what: 'holds two lines', content: 'CO.a\nCO.b\n' },
    { what: 'holds something else', content: 'key: CO.a\u2026' },
  ])('in a file that $what is refused without showing it', async ({ content }) => {
    const root = tempDirectory();
    if (content !== null) writeFileSync(path.join(root, 'key'), content);
    const message = await refusalOf(
      credentials({ CONVOY_PROJECT_ID: 'P', CONVOY_API_KEY_FILE: 'key' }, [], root),
    );
    expect(message).toContain('CONVOY_API_KEY_FILE');
    expect(message).not.toContain('CO.');
  });

  test.each(['CO.a b', 'CO.a\u2026', 'x'.repeat(1_001)])(
    'that no header can carry is refused: %j',
    async (key) => {
      const message = await refusalOf(settingsOf([], { CONVOY_API_KEY: key }));
      expect(message).toBe('CONVOY_API_KEY: expected a key of visible ASCII characters, got something else.');
    },
  );

  test('and a file with a key are not both taken: nobody could tell which counts', async () => {
    const message = await refusalOf(credentials(convoy, ['--convoy-api-key-file', './key']));
    expect(message).toContain('CONVOY_API_KEY and CONVOY_API_KEY_FILE are both set');
  });
});

describe('the sandbox', () => {
  const sandbox = { RELAYER_SANDBOX_URL: 'http://127.0.0.1:4000' };

  test('is used while nothing says where Convoy is', async () => {
    expect(await credentials(sandbox)).toMatchObject({
      baseUrl: 'http://127.0.0.1:4000/api',
      projectId: 'sandbox',
    });
  });

  test.each([{ CONVOY_API_KEY: 'K' }, { CONVOY_PROJECT_ID: 'P' }, { CONVOY_BASE_URL: 'https://h' }])(
    'is never used once anything does: %j',
    async (variables) => {
      await refusalOf(credentials({ ...sandbox, ...variables } as Variables));
    },
  );
});
