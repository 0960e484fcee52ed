// Which database `sql` and `schema` print for: `--engine`, else what DATABASE_URL names. It opens none.
import type { Environment } from '../../apps/outbox/environment.ts';
import type { Engine } from '../../apps/outbox/migration-files.ts';
import { isPostgresUrl } from '../../apps/outbox/postgres/address.ts';

/** The option as yargs takes it. */
export const engineOption = {
  choices: ['sqlite', 'postgres'] as const,
  requiresArg: true,
  describe: 'The database to print for. Default: the one that DATABASE_URL names, SQLite without it',
};

/** The engine that was asked for. */
export function engineFor(given: Engine | undefined, { variables }: Environment): Engine {
  return given ?? (isPostgresUrl(variables.DATABASE_URL ?? '') ? 'postgres' : 'sqlite');
}
