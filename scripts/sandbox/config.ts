// The settings of the sandbox as a process. Whoever embeds it passes options instead.
import { commandName } from '../../apps/outbox/command-name.ts';
import { commonFlags, readConfig } from '../../apps/outbox/config.ts';
import type { Environment } from '../../apps/outbox/environment.ts';
import { type Flags, type Parsed, text, wholeNumber } from '../../apps/outbox/flag.ts';
import type { Business } from './endpoint.ts';
import { defaultSandboxPort } from './plan.ts';

/** Flags as plain data. */
export const sandboxFlags = {
  port: {
    variable: 'SANDBOX_PORT',
    describe: 'Port to listen on; 0 takes a free one',
    default: defaultSandboxPort,
    parse: wholeNumber({ min: 0, max: 65_535 }),
  },
  host: {
    variable: 'SANDBOX_HOST',
    describe: 'Address to listen on; anything but a loopback address opens the sandbox to the network',
    default: '127.0.0.1',
    parse: text({ maxLength: 255 }),
  },
  businesses: {
    variable: 'SANDBOX_BUSINESSES',
    describe:
      "Business ids with an endpoint, instead of the demo's: north,south has both at a receiver of the sandbox's own, north=http://127.0.0.1:8080/ at yours",
    parse: businesses,
  },
  ledger: {
    variable: 'SANDBOX_LEDGER',
    describe: 'File that records every accepted event and every fault shown; memory only without it',
    parse: text({ maxLength: 4096 }),
  },
  'api-key': {
    variable: 'SANDBOX_API_KEY',
    describe: 'Key that clients must present',
    default: 'sandbox-key',
    secret: true,
    parse: text({ maxLength: 255 }),
  },
  'rate-burst': {
    variable: 'SANDBOX_RATE_BURST',
    describe: 'Requests that may come at once; 0 switches the rate limit off',
    default: '60000',
    parse: wholeNumber({ min: 0, max: 1_000_000_000 }),
  },
  'rate-refill': {
    variable: 'SANDBOX_RATE_REFILL',
    describe: 'Requests per second in the long run',
    default: '1000',
    parse: wholeNumber({ min: 1, max: 1_000_000_000 }),
  },
  ...commonFlags,
} as const satisfies Flags;

function businesses(given: string): Parsed<readonly Business[]> {
  const parts = given
    .split(',')
    .map((part) => /^\s*([!-+\--<>-~]{1,255})(?:=(https?:\/\/[!-~]+))?\s*$/.exec(part));
  const found = parts.flatMap((part) => (part?.[1] === undefined ? [] : [businessOf(part[1], part[2])]));
  if (found.length === parts.length) return { kind: 'value', value: found };
  return { kind: 'expected', text: 'business ids with commas between, each with =URL if need be' };
}

function businessOf(owner: string, url: string | undefined): Business {
  return url === undefined ? { owner, name: owner } : { owner, name: owner, url };
}

/** Reads the settings. Throws ERR_OUTBOX_CONFIG for a bad one. */
export function readSandboxConfig(given: {
  readonly args: readonly string[];
  readonly environment: Environment;
}) {
  return readConfig({
    command: commandName.sandbox,
    purpose: 'A local stand-in for Convoy. Nothing that it accepts leaves this machine.',
    flags: sandboxFlags,
    prefix: 'SANDBOX_',
    args: given.args,
    environment: given.environment,
    examples: [`Example: ${commandName.sandbox} --port 0 --ledger ./ledger.jsonl`],
  });
}
