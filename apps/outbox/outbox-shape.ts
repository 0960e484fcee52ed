// Compares the outbox tables of somebody else's database with ours, column by column, and says in SQL what is missing.
// It changes nothing. The expected shape comes from our own migrations, applied in memory.
import Database from 'better-sqlite3';
import { commandName } from './command-name.ts';
import { type Migration, migrationFile } from './migration-files.ts';
import { defaultTable } from './outbox-table.ts';
import type { SqliteConnection } from './sqlite/connection.ts';

interface Column {
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
  /** Its text, or null when it has none. */
  readonly defaultText: string | null;
  readonly isKey: boolean;
}

/** The tables that a relayer and `append` need, by the names that our migrations give them. */
export const outboxTables = ['events', 'outbox_log'] as const;

/** Without these a table called `events` is somebody else's: every INSERT into an outbox names them. */
const marksOfOutbox = ['id', 'business_id', 'event_type', 'payload'];

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
      return problemsOfTable({
        table,
        wanted: columnsOf(expected, name),
        found: columnsOf(connection, table),
        source: migrations.find((migration) => migration.sql.includes(`CREATE TABLE "${name}"`)),
      });
    });
  } finally {
    expected.close();
  }
}

function problemsOfTable(given: {
  readonly table: string;
  readonly wanted: readonly Column[];
  readonly found: readonly Column[];
  readonly source: Migration | undefined;
}): string[] {
  const { table, wanted, found, source } = given;
  const recipe = source === undefined ? 'our migrations' : migrationFile(source.name);
  if (found.length === 0) {
    return [
      `the table ${table} is missing: run the statements CREATE TABLE "${table}" ... that "${commandName.outbox} sql" prints (from ${recipe})`,
    ];
  }
  if (isClash(wanted, found)) return [clash(table)];
  const problems = wanted.flatMap((column) => {
    const present = found.find((candidate) => candidate.name === column.name);
    if (present === undefined) return [missingColumn(table, column, recipe)];
    if (isSame(present, column)) return [];
    return [
      `${table}.${column.name} is ${describe(present)}, not ${describe(column)}: compare with ${recipe}`,
    ];
  });
  const surplus = found.filter(
    (column) =>
      column.isRequired &&
      column.defaultText === null &&
      !wanted.some((candidate) => candidate.name === column.name),
  );
  return [
    ...problems,
    ...surplus.map((column) => `${table}.${column.name} is NOT NULL without a default: give it one`),
  ];
}

function isClash(wanted: readonly Column[], found: readonly Column[]): boolean {
  const lacks = (columns: readonly Column[], name: string) => !columns.some((column) => column.name === name);
  return marksOfOutbox.some((name) => !lacks(wanted, name) && lacks(found, name));
}

function clash(table: string): string {
  return `its table ${table} is another one, not an outbox: leave it as it is and give the outbox a name of its own with OUTBOX_TABLE, such as OUTBOX_TABLE=outbox_events (docs/adopting.md, "A table called events")`;
}

function missingColumn(table: string, column: Column, recipe: string): string {
  // SQLite cannot add a column with a computed default or a key to an existing table.
  if (column.isKey || column.defaultText?.includes('(')) {
    return `${table}.${column.name} is missing: rebuild the table as in ${recipe}`;
  }
  return `${table}.${column.name} is missing: ALTER TABLE "${table}" ADD COLUMN "${column.name}" ${describe(column)};`;
}

function isSame(found: Column, wanted: Column): boolean {
  return (
    found.type === wanted.type &&
    found.isRequired === wanted.isRequired &&
    found.isKey === wanted.isKey &&
    (found.defaultText === null) === (wanted.defaultText === null)
  );
}

function describe({ type, isRequired, defaultText, isKey }: Column): string {
  const parts = [
    type,
    isRequired ? 'NOT NULL' : '',
    isKey ? 'PRIMARY KEY' : '',
    defaultText === null ? '' : `DEFAULT ${defaultText}`,
  ];
  return parts.filter((part) => part !== '').join(' ');
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
