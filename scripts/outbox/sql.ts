// `sql`: prints the outbox's tables as SQL, for a migration of the application's own. It opens no database.
import process from 'node:process';
import type { CommandModule } from 'yargs';
import { readEnvironment } from '../../apps/outbox/environment.ts';
import { type Engine, outboxMigrations } from '../../apps/outbox/migration-files.ts';
import { OutboxError } from '../../apps/outbox/outbox-error.ts';
import { outboxTable, sqlForTable } from '../../apps/outbox/outbox-table.ts';
import { engineFor, engineOption } from './engine-option.ts';

interface Given {
  after?: string | undefined;
  engine?: Engine | undefined;
}

export const sqlCommand: CommandModule<object, Given> = {
  command: 'sql',
  describe:
    "Print the SQL of the outbox's tables, for a migration of your own (OUTBOX_TABLE names the table)",
  builder: (options) =>
    options
      .option('after', {
        type: 'string',
        requiresArg: true,
        describe: 'Only what came after this part, for an upgrade: each part is headed by its name',
      })
      .option('engine', engineOption) as never,
  handler({ after, engine }) {
    const environment = readEnvironment({ variables: process.env, cwd: process.cwd() });
    const wanted = { table: outboxTable(environment), engine: engineFor(engine, environment) };
    process.stdout.write(outboxSql({ ...wanted, after }));
  },
};

/** The SQL, each part headed by its name. Throws ERR_OUTBOX_CONFIG when there is no part called `after`. */
function outboxSql({
  table,
  engine,
  after,
}: {
  readonly table: string;
  readonly engine: Engine;
  readonly after: string | undefined;
}): string {
  const all = outboxMigrations(engine);
  const names = all.map(({ name }) => name);
  if (after !== undefined && !names.includes(after)) {
    throw new OutboxError(
      'ERR_OUTBOX_CONFIG',
      `--after: expected one of ${names.join(', ')}, got "${after}"`,
    );
  }
  const wanted = all.slice(after === undefined ? 0 : names.indexOf(after) + 1);
  if (wanted.length === 0) return `-- Nothing came after ${after}.\n`;
  return wanted
    .map(({ name, sql }) => `-- transactional-outbox ${name}\n${sqlForTable(sql, table)}`)
    .join('\n');
}
