// Compares the columns of somebody else's outbox table with ours, and says in SQL what is missing. It is pure; how an engine tells its
// columns is in the engine's own file.
import { commandName } from './command-name.ts';

/** A column, as far as the outbox depends on it. */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
  /** Its text, or null when it has none. */
  readonly defaultText: string | null;
  readonly isKey: boolean;
}

/** One table in both forms. */
export interface Comparison {
  readonly table: string;
  readonly wanted: readonly Column[];
  readonly found: readonly Column[];
  /** Where our form of the table is written down: the path of a migration. */
  readonly recipe: string;
  /** What ALTER TABLE ... ADD COLUMN can give an existing table. SQLite: no computed default, no key. */
  readonly canBeAdded: (column: Column) => boolean;
  /** The part of our migrations that an older release ended with, if a later part added the column. */
  readonly partBefore?: (column: Column) => string | null;
}

/** Without these a table called `events` is somebody else's: every INSERT into an outbox names them. */
const marksOfOutbox = ['id', 'business_id', 'event_type', 'payload'];

/** What keeps the outbox from using the table, each with what to do about it; empty when it fits. */
export function problemsOfColumns(comparison: Comparison): readonly string[] {
  const { table, wanted, found, recipe } = comparison;
  if (found.length === 0) {
    return [
      `the table ${table} is missing: run the statements CREATE TABLE "${table}" ... that "${commandName.outbox} sql" prints (from ${recipe})`,
    ];
  }
  if (isClash(wanted, found)) return [clash(table)];
  const problems = wanted.flatMap((column) => {
    const present = found.find((candidate) => candidate.name === column.name);
    if (present === undefined) return [missingColumn(comparison, column)];
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
    ...new Set(problems),
    ...surplus.map((column) => `${table}.${column.name} is NOT NULL without a default: give it one`),
  ];
}

function isClash(wanted: readonly Column[], found: readonly Column[]): boolean {
  const lacks = (columns: readonly Column[], name: string) => !columns.some((column) => column.name === name);
  return marksOfOutbox.some((name) => !lacks(wanted, name) && lacks(found, name));
}

function clash(table: string): string {
  const name =
    'with OUTBOX_TABLE, such as OUTBOX_TABLE=outbox_events, in checkDatabase with its option outboxTable';
  return `its table ${table} is another one, not an outbox: leave it as it is and give the outbox a name of its own ${name} (docs/adopting.md, "A table called events")`;
}

function missingColumn({ table, recipe, canBeAdded, partBefore }: Comparison, column: Column): string {
  const before = partBefore?.(column) ?? null;
  // Its whole next part is wanted: the column alone would lack its CHECK, and the indexes that came with it.
  if (before !== null)
    return `${table} was made by an older release (${column.name} is missing): put what "${commandName.outbox} sql --after ${before}" prints into a migration of your own (docs/adopting.md, "Upgrading")`;
  if (!canBeAdded(column)) return `${table}.${column.name} is missing: rebuild the table as in ${recipe}`;
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
