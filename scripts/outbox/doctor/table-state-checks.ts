// What the doctor asks about the outbox's tables on PostgreSQL: what this user may do with them, and whether vacuum keeps up.
import { isInstalled } from '../../../apps/outbox/environment.ts';
import { defaultTable } from '../../../apps/outbox/outbox-table.ts';
import type { Queries } from '../../../apps/outbox/postgres/connection.ts';
import { lackOfRights } from '../../../apps/outbox/postgres/rights.ts';
import { numberText, spanText } from '../wording.ts';
import { caution, type Finding, ok, wrong } from './finding.ts';

export async function checkRights(queries: Queries, table: string): Promise<Finding> {
  const readsHistory = !isInstalled && table === defaultTable;
  const lack = await lackOfRights(queries, { outboxTable: table, needs: ['relay', 'append'], readsHistory });
  if (lack === null)
    return ok('rights', 'this user may append, relay, decide and prune: what relayers and writers need');
  return wrong(
    'rights',
    `${lack.role} may not do all that relayers and writers need`,
    `run this as the user of the applications; or let the owner of the tables run: ${lack.grants.join(' ')}`,
  );
}

/** Each event leaves about three: far more than autovacuum lets pass. */
const manyDead = 200_000;

export interface VacuumState {
  readonly live: number;
  readonly dead: number;
  readonly isOn: boolean;
  readonly isOnHere: boolean;
  readonly agoMs: number | null;
}

const vacuumState = `
  SELECT n_live_tup AS live, n_dead_tup AS dead,
         current_setting('autovacuum')::bool AND current_setting('track_counts')::bool AS "isOn",
         coalesce((SELECT option_value::bool FROM pg_options_to_table(reloptions) WHERE option_name = 'autovacuum_enabled'), true) AS "isOnHere",
         extract(epoch FROM clock_timestamp() - greatest(last_autovacuum, last_vacuum))::float8 * 1000 AS "agoMs"
    FROM pg_class JOIN pg_stat_all_tables ON relid = pg_class.oid WHERE pg_class.oid = to_regclass(quote_ident($1))`;

export async function checkVacuum(queries: Queries, table: string): Promise<Finding> {
  const [state] = await queries.query<VacuumState>(vacuumState, [table]);
  if (state === undefined)
    return caution('vacuum', 'the server keeps no statistics', 'set track_counts = on');
  return judgeVacuum(state, table);
}

/** Pure: exported for its test. */
export function judgeVacuum(state: VacuumState, table: string): Finding {
  const { live, dead, isOn, isOnHere, agoMs } = state;
  const last = agoMs === null ? 'never vacuumed yet' : `last vacuumed ${spanText(agoMs)} ago`;
  const says = `${numberText(dead)} old row versions beside ${numberText(live)} rows, ${last}`;
  if (!isOn)
    return caution(
      'vacuum',
      `autovacuum is off; ${says}`,
      'set autovacuum and track_counts to on, and reload',
    );
  if (!isOnHere) {
    const todo = `ALTER TABLE "${table}" RESET (autovacuum_enabled)`;
    return caution('vacuum', `autovacuum is off for ${table}; ${says}`, todo);
  }
  if (dead > manyDead && dead > live / 2) {
    const todo = `see transactions below; then VACUUM (ANALYZE) "${table}"`;
    return caution('vacuum', `autovacuum does not keep up: ${says}`, todo);
  }
  return ok('vacuum', `autovacuum is on; ${says}`);
}
