// `sql`: prints the outbox's tables as SQL, for a migration of the application's own. It opens no database.
import process from 'node:process';
import type { CommandModule } from 'yargs';
import { readEnvironment } from '../../apps/outbox/environment.ts';
import { outboxMigrations } from '../../apps/outbox/migration-files.ts';
import { OutboxError } from '../../apps/outbox/outbox-error.ts';
import { outboxTable, sqlForTable } from '../../apps/outbox/outbox-table.ts';

export const sqlCommand: CommandModule<object, { after?: string | undefined }> = {
  command: 'sql',
  describe:
    "Print the SQL of the outbox's tables, for a migration of your own (OUTBOX_TABLE names the table)",
  builder: (options) =>
    options.option('after', {
      type: 'string',
      requiresArg: true,
      describe: 'Only what came after this part, for an upgrade: each part is headed by its name',
    }) as never,
  handler({ after }) {
    const table = outboxTable(readEnvironment({ variables: process.env, cwd: process.cwd() }));
    process.stdout.write(outboxSql({ table, after }));
  },
};

/** The SQL, each part headed by its name. Throws ERR_OUTBOX_CONFIG when there is no part called `after`. */
function outboxSql({ table, after }: { readonly table: string; readonly after: string | undefined }): string {
  const all = outboxMigrations();
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
