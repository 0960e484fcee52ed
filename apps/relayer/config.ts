// The relayer's settings: definitions as plain data, and what must hold between them.
import { commandName } from '../outbox/command-name.ts';
import { type ConfigResult, commonFlags, readConfig, type Settings } from '../outbox/config.ts';
import { convoyFlags } from '../outbox/convoy-settings.ts';
import type { Environment } from '../outbox/environment.ts';
import { duration, type Flags, oneOf, wholeNumber } from '../outbox/flag.ts';
import { OutboxError } from '../outbox/outbox-error.ts';
import type { RelayerOptions } from './relayer.ts';

const oneDayMs = 86_400_000;

export const relayerFlags = {
  ...convoyFlags,
  'poll-interval': {
    variable: 'RELAYER_POLL_INTERVAL',
    describe: 'How often to look when nothing tells of a commit (file event, NOTIFY): a safety net',
    default: '5s',
    parse: duration({ minMs: 10, maxMs: 3_600_000 }),
  },
  concurrency: {
    variable: 'RELAYER_CONCURRENCY',
    describe: 'Most events in flight, and so most events sent twice per kill',
    // Measured (docs/benchmarks.md): with 64 a gateway 20 ms away takes twice what it takes with 32, and a near one a fifth more; with
    // 128 little more, since Convoy takes no more than 1,000 a second.
    default: '64',
    parse: wholeNumber({ min: 1, max: 1_000 }),
  },
  lease: {
    variable: 'RELAYER_LEASE',
    describe: 'How long a claimed event belongs to this relayer; at least twice the request timeout',
    default: '30s',
    parse: duration({ minMs: 100, maxMs: oneDayMs }),
  },
  'request-timeout': {
    variable: 'RELAYER_REQUEST_TIMEOUT',
    describe: 'How long to wait for an answer; 2 ms more per KB of payload',
    default: '10s',
    parse: duration({ minMs: 50, maxMs: 3_600_000 }),
  },
  'max-attempts': {
    variable: 'RELAYER_MAX_ATTEMPTS',
    describe: "Failures by the event's own fault that make it dead",
    default: '10',
    parse: wholeNumber({ min: 1, max: 1_000 }),
  },
  'max-interruptions': {
    variable: 'RELAYER_MAX_INTERRUPTIONS',
    describe: 'Claims that ended with the death of the relayer, after which the event is dead',
    default: '20',
    parse: wholeNumber({ min: 1, max: 1_000 }),
  },
  'drain-timeout': {
    variable: 'RELAYER_DRAIN_TIMEOUT',
    describe: 'How long a stop waits for answers; less than kill_timeout of PM2',
    default: '5s',
    parse: duration({ minMs: 0, maxMs: 3_600_000 }),
  },
  retention: {
    variable: 'RELAYER_RETENTION',
    describe: 'How long processed events are kept; 0 keeps them for ever',
    default: '7d',
    parse: duration({ minMs: 0, maxMs: 3_650 * oneDayMs }),
  },
  'owner-guard': {
    variable: 'RELAYER_OWNER_GUARD',
    describe:
      'yes holds back events of a business without an endpoint, which Convoy would accept and never deliver',
    default: 'yes',
    parse: oneOf(['yes', 'no']),
  },
  'confirm-window': {
    variable: 'RELAYER_CONFIRM_WINDOW',
    describe:
      'Accepted events are read back; those that Convoy lost are sent again for so long. 0 switches it off',
    default: '24h',
    parse: duration({ minMs: 0, maxMs: 7 * oneDayMs }),
  },
  'status-port': {
    variable: 'RELAYER_STATUS_PORT',
    describe: 'Port of the live page, /metrics, /healthz and /readyz, on 127.0.0.1 only; 0 switches it off',
    default: '5057',
    parse: wholeNumber({ min: 0, max: 65_535 }),
  },
  ...commonFlags,
} as const satisfies Flags;

export type RelayerSettings = Settings<typeof relayerFlags>;

/** Reads the relayer's settings and checks what must hold between them. Throws ERR_OUTBOX_CONFIG. */
export async function readRelayerConfig(source: {
  readonly args: readonly string[];
  readonly environment: Environment;
}): Promise<ConfigResult<typeof relayerFlags>> {
  const result = await readConfig({
    ...source,
    command: commandName.relayer,
    purpose: 'Hands every committed event to Convoy.',
    flags: relayerFlags,
    prefix: 'RELAYER_',
    examples: [
      'DATABASE_URL (default file:./events.db) names the database, OUTBOX_TABLE (default events) its table.',
      `Example: ${commandName.relayer} --convoy-project-id P --convoy-api-key-file ./key --poll-interval 5s`,
    ],
  });
  if (result.kind === 'settings') checkTogether(result.settings);
  return result;
}

/** What the loop is told of them. */
export function loopOptions(settings: RelayerSettings): Omit<RelayerOptions, 'gateway'> {
  return {
    concurrency: settings.concurrency,
    leaseMs: settings.lease,
    requestTimeoutMs: settings['request-timeout'],
    maxAttempts: settings['max-attempts'],
    maxInterruptions: settings['max-interruptions'],
    drainTimeoutMs: settings['drain-timeout'],
  };
}

function checkTogether(settings: RelayerSettings): void {
  if (settings.lease < 2 * settings['request-timeout']) {
    throw new OutboxError(
      'ERR_OUTBOX_CONFIG',
      `--lease: expected at least twice --request-timeout (${settings['request-timeout']} ms), got ${settings.lease} ms.`,
    );
  }
}
