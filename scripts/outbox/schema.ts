// `schema`: prints the outbox's models for another application's Prisma schema, made of this project's own. It opens no
// database and changes no file.
import process from 'node:process';
import type { CommandModule } from 'yargs';
import { readEnvironment } from '../../apps/outbox/environment.ts';
import { type Engine, readSchema } from '../../apps/outbox/migration-files.ts';
import { defaultTable, outboxTable, sqlForTable } from '../../apps/outbox/outbox-table.ts';
import { engineFor, engineOption } from './engine-option.ts';

interface Given {
  'partial-indexes': boolean;
  engine?: Engine | undefined;
}

export const schemaCommand: CommandModule<object, Given> = {
  command: 'schema',
  describe: "Print the outbox's models for your Prisma schema (OUTBOX_TABLE names the table)",
  builder: (options) =>
    options
      .option('partial-indexes', {
        type: 'boolean',
        default: false,
        describe: 'With the partial indexes, for a schema whose previewFeatures hold partialIndexes',
      })
      .option('engine', engineOption) as never,
  handler(given) {
    const environment = readEnvironment({ variables: process.env, cwd: process.cwd() });
    const table = outboxTable(environment);
    const schema = readSchema(engineFor(given.engine, environment));
    process.stdout.write(outboxModels(schema, { table, withPartialIndexes: given['partial-indexes'] }));
  },
};

/**
 * The models of the outbox in a schema's text. Without the preview feature Prisma refuses a partial index in a schema and
 * ignores it in a database; with it, one that the schema lacks would be dropped by the next `prisma migrate dev`. A table
 * of another name gets a model of another name too, since an application that has one mostly has the other.
 */
function outboxModels(
  schema: string,
  { table, withPartialIndexes }: { readonly table: string; readonly withPartialIndexes: boolean },
): string {
  const models = [...schema.matchAll(/(?:^\/\/\/.*\n)*^model (?:Event|OutboxLog) \{\n[\s\S]*?^\}\n/gm)];
  const text = models.map(([model]) => model).join('\n');
  const indexed = withPartialIndexes ? text : text.replaceAll(/^ .*where: raw\(.*\n/gm, '');
  if (table === defaultTable) return indexed;
  return sqlForTable(indexed, table).replace('model Event {', 'model OutboxEvent {');
}
