// Reads the outbox tables of somebody else's SQLite database and has them compared with ours. It changes nothing.
// The expected shape comes from our own migrations, applied in memory.
import Database from 'better-sqlite3';
import { type Column, problemsOfColumns } from './column-problems.ts';
import { type Migration, partBefore, recipeOf } from './migration-files.ts';
import { defaultTable } from './outbox-table.ts';
import type { SqliteConnection } from './sqlite/connection.ts';

/**
 * What keeps the outbox from using these tables, each with what to do about it; empty when they fit. Further columns
 * are welcome when an INSERT may leave them out. CHECK constraints and indexes are not compared: rows are checked
 * again before they are sent.
 */
export function problemsOfShape(
  connection: SqliteConnection,
  tables: readonly string[],
  { migrations, outboxTable }: { readonly migrations: readonly Migration[]; readonly outboxTable: string },
): readonly string[] {
  const expected = new Database(':memory:');
  try {
    for (const migration of migrations) expected.exec(migration.sql);
    return tables.flatMap((name) => {
      const table = name === defaultTable ? outboxTable : name;
      return problemsOfColumns({
        table,
        wanted: columnsOf(expected, name),
        found: columnsOf(connection, table),
        recipe: recipeOf(name, migrations),
        canBeAdded,
        partBefore: (column) => partBefore({ table: name, column: column.name }, migrations),
      });
    });
  } finally {
    expected.close();
  }
}

/** SQLite cannot add a column with a computed default or a key to an existing table. */
function canBeAdded({ isKey, defaultText }: Column): boolean {
  return !isKey && defaultText?.includes('(') !== true;
}

function columnsOf(connection: SqliteConnection, table: string): Column[] {
  return connection
    .prepare('SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_info(?) ORDER BY cid')
    .raw()
    .all(table)
    .map((row) => {
      const [name, type, required, defaultText, key] = Array.isArray(row) ? row : [];
      return {
        name: String(name),
        type: String(type).toUpperCase(),
        isRequired: required === 1,
        defaultText: defaultText === null ? null : String(defaultText),
        isKey: key !== 0,
      };
    });
}
