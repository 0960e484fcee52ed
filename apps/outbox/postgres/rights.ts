// The rights that a relayer needs on the outbox's tables, asked for at the start instead of being missed at the first event. It grants nothing.
import { defaultTable } from '../outbox-table.ts';
import type { PostgresAddress } from './address.ts';
import type { Queries } from './connection.ts';
import { unusable } from './refusal.ts';

/** An application that only appends needs INSERT and SELECT on the events, and USAGE on their sequence. */
const relayersRights: readonly { readonly table: string; readonly rights: readonly string[] }[] = [
  { table: defaultTable, rights: ['SELECT', 'UPDATE', 'DELETE'] },
  { table: 'outbox_log', rights: ['SELECT', 'INSERT', 'DELETE'] },
];

interface Lack {
  /** As GRANT takes it: `"events"`, `SEQUENCE outbox_log_id_seq`. */
  readonly object: string;
  readonly right: string;
  readonly role: string;
}

/** Throws ERR_OUTBOX_DATABASE_UNAVAILABLE, with the GRANTs to run, when this role lacks rights that a relayer needs. */
export async function refuseLackOfRights(
  queries: Queries,
  { address, outboxTable }: { readonly address: PostgresAddress; readonly outboxTable: string },
): Promise<void> {
  const lack = await lackOfRights(queries, { outboxTable });
  if (lack === null) return;
  throw unusable(
    address,
    `does not let ${lack.role} use the outbox. Let the owner of its tables run: ${lack.grants.join(' ')}`,
  );
}

/** What this role lacks of a relayer's rights, and with `alsoAppends` of an application's, as GRANTs. Null when it lacks nothing. */
export async function lackOfRights(
  queries: Queries,
  { outboxTable, alsoAppends = false }: { readonly outboxTable: string; readonly alsoAppends?: boolean },
): Promise<{ readonly role: string; readonly grants: readonly string[] } | null> {
  const wanted = relayersRights.flatMap(({ table, rights }) =>
    rights.map((right) => ({ table: table === defaultTable ? outboxTable : table, right })),
  );
  if (alsoAppends) wanted.push({ table: outboxTable, right: 'INSERT' });
  const lacking = await queries.query<Lack>(statement, [
    wanted.map(({ table }) => table),
    wanted.map(({ right }) => right),
    alsoAppends ? ['outbox_log', outboxTable] : ['outbox_log'],
    alsoAppends ? ['id', 'seq'] : ['id'],
  ]);
  const role = lacking[0]?.role;
  if (role === undefined) return null;
  const objects = [...new Set(lacking.map(({ object }) => object))];
  const grants = objects.map((object) => {
    const rights = lacking.filter((one) => one.object === object).map(({ right }) => right);
    return `GRANT ${rights.join(', ')} ON ${object} TO "${role}";`;
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
