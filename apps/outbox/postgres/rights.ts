// The rights that a role needs on the outbox's tables, asked for at the start instead of being missed at the first event. It grants nothing.
import { defaultTable } from '../outbox-table.ts';
import type { Need } from '../prepared.ts';
import type { PostgresAddress } from './address.ts';
import type { Queries } from './connection.ts';
import { unusable } from './refusal.ts';

type Rights = readonly { readonly table: string; readonly rights: readonly string[] }[];

const tableRights: Readonly<Record<Need, Rights>> = {
  relay: [
    { table: defaultTable, rights: ['SELECT', 'UPDATE', 'DELETE'] },
    { table: 'outbox_log', rights: ['SELECT', 'INSERT', 'DELETE'] },
  ],
  append: [{ table: defaultTable, rights: ['SELECT', 'INSERT'] }],
};
/** Where an insert asks a sequence for the number. */
const sequences: Readonly<Record<Need, { readonly table: string; readonly column: string }>> = {
  relay: { table: 'outbox_log', column: 'id' },
  append: { table: defaultTable, column: 'seq' },
};
/** A start looks into the history before it decides whether to migrate. */
const historyRights: Rights = [{ table: '_prisma_migrations', rights: ['SELECT'] }];

export interface WantedRights {
  readonly outboxTable: string;
  readonly needs: readonly Need[];
  /** The schema's history of migrations is read, where it is there. */
  readonly readsHistory: boolean;
}

interface Lack {
  /** As GRANT takes it: `"events"`, `SEQUENCE outbox_log_id_seq`. */
  readonly object: string;
  readonly right: string;
  readonly role: string;
}

/** Throws ERR_OUTBOX_DATABASE_UNAVAILABLE, with the GRANTs to run, when this role lacks some of them. */
export async function refuseLackOfRights(
  queries: Queries,
  { address, ...wanted }: WantedRights & { readonly address: PostgresAddress },
): Promise<void> {
  const lack = await lackOfRights(queries, wanted);
  if (lack === null) return;
  throw unusable(
    address,
    `does not let ${lack.role} use the outbox. Let the owner of its tables run: ${lack.grants.join(' ')}`,
  );
}

/** What this role lacks of them, as GRANTs. Null when it lacks nothing. */
export async function lackOfRights(
  queries: Queries,
  { outboxTable, needs, readsHistory }: WantedRights,
): Promise<{ readonly role: string; readonly grants: readonly string[] } | null> {
  const named = (table: string) => (table === defaultTable ? outboxTable : table);
  const wanted = [...needs.flatMap((need) => tableRights[need]), ...(readsHistory ? historyRights : [])];
  const single = wanted.flatMap(({ table, rights }) =>
    rights.map((right) => ({ table: named(table), right })),
  );
  const numbers = needs.map((need) => sequences[need]);
  const lacking = await queries.query<Lack>(statement, [
    single.map(({ table }) => table),
    single.map(({ right }) => right),
    numbers.map(({ table }) => named(table)),
    numbers.map(({ column }) => column),
  ]);
  const role = lacking[0]?.role;
  if (role === undefined) return null;
  const objects = [...new Set(lacking.map(({ object }) => object))];
  const grants = objects.map((object) => {
    const rights = lacking.filter((one) => one.object === object).map(({ right }) => right);
    return `GRANT ${[...new Set(rights)].join(', ')} ON ${object} TO "${role}";`;
  });
  return { role, grants };
}

/** A default of nextval() needs a right of its own, which an identity column does not. */
const statement = `SELECT quote_ident(w."table") AS object, w."right", current_user::text AS role
  FROM unnest($1::text[], $2::text[]) AS w ("table", "right")
  WHERE NOT has_table_privilege(to_regclass(quote_ident(w."table")), w."right")
  UNION ALL
  SELECT 'SEQUENCE ' || pg_get_serial_sequence(quote_ident(k."table"), k."column"), 'USAGE', current_user::text
  FROM unnest($3::text[], $4::text[]) AS k ("table", "column") JOIN pg_attribute a
    ON a.attrelid = to_regclass(quote_ident(k."table")) AND a.attname = k."column"
  WHERE a.attidentity = '' AND NOT has_sequence_privilege(pg_get_serial_sequence(quote_ident(k."table"), k."column"), 'USAGE')`;
