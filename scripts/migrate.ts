// `npm run db:migrate`: brings the database that DATABASE_URL names up to date and says what was done. For a database of
// another application that lacks the outbox tables it prints the SQL to add; it changes nothing there.
import { readConfig } from '../apps/outbox/config.ts';
import { type ProcessContext, runDaemon } from '../apps/outbox/daemon.ts';
import { databasePlace } from '../apps/outbox/database-place.ts';
import { readEnvironment } from '../apps/outbox/environment.ts';
import { prepareDatabase } from '../apps/outbox/migrate.ts';
import { type Engine, outboxMigrations } from '../apps/outbox/migration-files.ts';
import { OutboxError } from '../apps/outbox/outbox-error.ts';

void runDaemon(migrate);

async function migrate(context: ProcessContext): Promise<string> {
  const environment = readEnvironment(context);
  const config = await readConfig({
    command: 'npm run db:migrate --',
    purpose: 'Creates or updates the database.',
    flags: {},
    prefix: 'MIGRATE_',
    args: context.args,
    environment,
    examples: ['DATABASE_URL (default file:./events.db, or postgres://...) names the database.'],
  });
  if (config.kind === 'text') return config.text;
  const { engine, url, shown } = databasePlace(environment);
  try {
    const prepared = await prepareDatabase(url);
    if (prepared.kind === 'adopted') return `${shown}: another application's, its outbox tables fit`;
    if (prepared.applied.length === 0) return `${shown}: up to date`;
    return [`${shown}: applied`, ...prepared.applied.map((name) => `  ${name}`)].join('\n');
  } catch (error) {
    if (error instanceof OutboxError && error.code === 'ERR_OUTBOX_DATABASE_FOREIGN') printOutboxSql(engine);
    throw error;
  }
}

function printOutboxSql(engine: Engine): void {
  for (const { file, sql } of outboxMigrations(engine)) console.log(`-- ${file}\n${sql}`);
}
