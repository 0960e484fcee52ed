// The name of the outbox's table. All SQL of this project is written for `events`; where an application has a table of
// that name already, the same texts are turned to another one, here and nowhere else.
import type { Environment } from './environment.ts';
import { OutboxError } from './outbox-error.ts';

/** The table unless OUTBOX_TABLE says otherwise. */
export const defaultTable = 'events';

/** The tables that a relayer and `append` need, by the names that our migrations give them. */
export const outboxTables = ['events', 'outbox_log'] as const;

/**
 * The table that OUTBOX_TABLE names, default `events`. It goes into SQL, so it is a plain name of at most 60 characters.
 * Throws ERR_OUTBOX_CONFIG for anything else, and for the names that are taken (`outbox_log`, the engines' and Prisma's own).
 */
export function outboxTable({ variables }: Pick<Environment, 'variables'>): string {
  const table = variables.OUTBOX_TABLE ?? defaultTable;
  const isTaken = /^(?:outbox_log$|sqlite_|pg_|_prisma_)/i.test(table);
  if (/^[a-z_][a-z0-9_]{0,59}$/i.test(table) && !isTaken) return table;
  throw new OutboxError(
    'ERR_OUTBOX_CONFIG',
    `OUTBOX_TABLE: expected the name of a table in letters, digits and _, such as outbox_events, got ${JSON.stringify(table)}`,
  );
}

/**
 * A statement or a migration that was written for `events`, for another table; indexes and constraints, whose names
 * begin with the table's, follow it. It knows the places where SQL names a table, so that an `events` inside a string or an
 * alias stays. Done once per statement, when it is prepared.
 */
export function sqlForTable(sql: string, table: string): string {
  if (table === defaultTable) return sql;
  return sql
    .replaceAll(
      /(?<=\b(?:FROM|JOIN|INTO|UPDATE|UPDATE OR ROLLBACK|INDEXED BY)\s+)events(_\w+)?\b/g,
      `"${table}$1"`,
    )
    .replaceAll(/(?<=")events(?=["_])/g, table);
}
