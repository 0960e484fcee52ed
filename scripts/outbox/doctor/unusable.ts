// What the doctor says of a database that it cannot open: what is wrong in the error's words, and what to do by its code.
import { commandName } from '../../../apps/outbox/command-name.ts';
import type { DatabasePlace } from '../../../apps/outbox/database-place.ts';
import { errorText } from '../../../apps/outbox/log.ts';
import { OutboxError, type OutboxErrorCode } from '../../../apps/outbox/outbox-error.ts';
import { type Finding, wrong } from './finding.ts';

const todos: Partial<Record<OutboxErrorCode, string>> = {
  ERR_OUTBOX_CONFIG: 'correct that setting, in the environment or in .env',
  ERR_OUTBOX_DATABASE_UNAVAILABLE:
    'name the right file in DATABASE_URL, or start the applications, which create it',
  ERR_OUTBOX_DATABASE_BLOCKED:
    'find who holds the file (fuser or lsof), and look at disk space and disk health',
  ERR_OUTBOX_DATABASE_CORRUPT: 'restore a backup, or name another file in DATABASE_URL',
  ERR_OUTBOX_DATABASE_FOREIGN: `add what it lacks, or name another file in DATABASE_URL`,
  ERR_OUTBOX_DATABASE_HISTORY: 'install the release that migrated it last, or restore a backup',
};

/** There the errors themselves say what to do. */
const serverTodos: typeof todos = {
  ...todos,
  ERR_OUTBOX_DATABASE_UNAVAILABLE: 'correct that, in DATABASE_URL or on the server',
  ERR_OUTBOX_DATABASE_BLOCKED: 'mend that, or wait until it has passed',
  ERR_OUTBOX_DATABASE_CORRUPT: "look into the server's log, and restore a backup",
  ERR_OUTBOX_DATABASE_FOREIGN: `name the outbox's own schema in DATABASE_URL, or add the outbox to this one (${commandName.outbox} sql prints how)`,
  ERR_OUTBOX_POSTGRES_VERSION: 'upgrade the server, or name another one in DATABASE_URL',
};

/** The finding for an error met on the way to the database. */
export function unusable(check: string, error: unknown, engine: DatabasePlace['engine'] = 'sqlite'): Finding {
  const known = engine === 'postgres' ? serverTodos : todos;
  const todo = error instanceof OutboxError ? known[error.code] : undefined;
  return wrong(check, errorText(error), `${todo ?? 'report it'}; then ${commandName.outbox} doctor again`);
}
