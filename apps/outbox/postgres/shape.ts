// Reads the outbox tables of somebody else's PostgreSQL database and has them compared with ours. It changes nothing. The expected columns
// are read out of our own migrations; a test proves that a migrated database says the same.
import { type Column, problemsOfColumns } from '../column-problems.ts';
import { type Migration, recipeOf } from '../migration-files.ts';
import { defaultTable } from '../outbox-table.ts';
import type { Queries } from './connection.ts';

/**
 * What keeps the outbox from using these tables, each with what to do about it; empty when they fit. Tables are found as any statement
 * finds them: through the search_path. Further columns are welcome when an INSERT may leave them out. CHECK constraints,
 * indexes and the trigger are not compared: rows are checked again before they are sent, and without the trigger a relayer polls.
 */
export async function problemsOfPostgresShape(
  queries: Queries,
  tables: readonly string[],
  { migrations, outboxTable }: { readonly migrations: readonly Migration[]; readonly outboxTable: string },
): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const name of tables) {
    const table = name === defaultTable ? outboxTable : name;
    const found = await columnsOf(queries, table);
    const wanted = columnsInMigrations(migrations, name);
    const recipe = recipeOf(name, migrations);
    // A column may be added with any default: each row that is there gets a value of its own.
    problems.push(...problemsOfColumns({ table, wanted, found, recipe, canBeAdded: ({ isKey }) => !isKey }));
  }
  return problems;
}

/** The columns of the table that a statement would mean; none when there is no such table. Throws DatabaseTrouble. */
export function columnsOf(queries: Queries, table: string): Promise<readonly Column[]> {
  return queries.query<Column>(
    `SELECT a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS "isRequired",
       CASE WHEN a.attidentity <> '' THEN 'identity' ELSE pg_get_expr(d.adbin, d.adrelid) END AS "defaultText",
       EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary AND a.attnum = ANY (i.indkey)) AS "isKey"
     FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE a.attrelid = to_regclass(quote_ident($1)) AND a.attnum > 0 AND NOT a.attisdropped
     ORDER BY a.attnum`,
    [table],
  );
}

/** How the server names the types that our migrations use. */
const serverTypes: Readonly<Record<string, string>> = {
  'TIMESTAMPTZ(3)': 'timestamp(3) with time zone',
  BIGSERIAL: 'bigint',
};

/** The columns that our migrations give a table, in the server's words. Exported for the test that compares it with a real one. */
export function columnsInMigrations(migrations: readonly Migration[], table: string): readonly Column[] {
  const sql = migrations.map((migration) => migration.sql).join('\n');
  const body = new RegExp(`^CREATE TABLE "${table}" \\(\\n([\\s\\S]*?)^\\)`, 'm').exec(sql)?.[1] ?? '';
  const added = sql.matchAll(new RegExp(`^ALTER TABLE "${table}" ADD COLUMN (".*);$`, 'gm'));
  const lines = [...body.split('\n'), ...[...added].map(([, definition = '']) => definition)];
  const key = /PRIMARY KEY \("(\w+)"\)/.exec(body)?.[1];
  return lines.flatMap((line) => {
    const column = columnIn(line);
    return column === null ? [] : [{ ...column, isKey: column.name === key }];
  });
}

/** Our migrations write one column a line: its name, its type, NOT NULL, DEFAULT. */
function columnIn(line: string): Omit<Column, 'isKey'> | null {
  const [, name, type = '', rest = ''] = /^\s*"(\w+)" (\S+?)(?=,?$| )(.*?),?$/.exec(line) ?? [];
  if (name === undefined) return null;
  const explicit = / DEFAULT (.*)$/.exec(rest)?.[1] ?? null;
  return {
    name,
    type: serverTypes[type] ?? type.toLowerCase(),
    isRequired: / NOT NULL/.test(rest),
    defaultText: type === 'BIGSERIAL' ? 'a sequence' : explicit,
  };
}
