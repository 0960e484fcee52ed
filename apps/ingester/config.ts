// The ingester's settings: definitions as plain data.
import { type ConfigResult, commonFlags, readConfig, type Settings } from '../outbox/config.ts';
import type { Environment } from '../outbox/environment.ts';
import { duration, type Flags, text, wholeNumber } from '../outbox/flag.ts';

export const ingesterFlags = {
  rate: {
    variable: 'INGESTER_RATE',
    describe: 'One invoice per this interval; what a pause missed is not made up for',
    default: '30s',
    parse: duration({ minMs: 1, maxMs: 86_400_000 }),
  },
  count: {
    variable: 'INGESTER_COUNT',
    describe: 'Stop after so many recorded invoices; without it, never',
    parse: wholeNumber({ min: 1, max: 1_000_000_000 }),
  },
  journal: {
    variable: 'INGESTER_JOURNAL',
    describe: 'A file to which the id of each invoice is appended once its COMMIT has returned',
    parse: text({ maxLength: 4_096 }),
  },
  ...commonFlags,
} as const satisfies Flags;

export type IngesterSettings = Settings<typeof ingesterFlags>;

/** Reads the ingester's settings. Throws ERR_OUTBOX_CONFIG. */
export function readIngesterConfig(source: {
  readonly args: readonly string[];
  readonly environment: Environment;
}): Promise<ConfigResult<typeof ingesterFlags>> {
  return readConfig({
    ...source,
    command: 'npm run ingest --',
    purpose: 'Records one made-up invoice per interval, each with its webhook event in the same transaction.',
    flags: ingesterFlags,
    prefix: 'INGESTER_',
    examples: [
      'DATABASE_URL (default file:./events.db) names the database.',
      'Example: npm run ingest -- --rate 500ms --count 100',
    ],
  });
}
