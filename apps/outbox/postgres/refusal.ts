// How a PostgreSQL database that cannot be used is described: one line each, that names host, port, database and user, never the password,
// and says what to do. It judges codes (PostgreSQL's manual, appendix A); it opens nothing.
import { DatabaseTrouble } from '../database-trouble.ts';
import { OutboxError, type OutboxErrorCode } from '../outbox-error.ts';
import type { PostgresAddress } from './address.ts';
import { isOfCertificate, troubleOfPostgres } from './trouble.ts';

type Where = Pick<PostgresAddress, 'shown' | 'host' | 'port' | 'database' | 'user'>;

interface Verdict {
  readonly code: OutboxErrorCode;
  /** Completes "the database ... ". */
  readonly what: string;
}

/** A configuration error: trying again cannot help before somebody changes something. `what` completes "the database ...". */
export function unusable(where: Where, what: string, cause?: unknown): OutboxError {
  return refusal(where, { code: 'ERR_OUTBOX_DATABASE_UNAVAILABLE', what }, cause);
}

/** It may pass: the process may be started again by itself. */
export function passing(where: Where, what: string, cause?: unknown): OutboxError {
  return refusal(where, { code: 'ERR_OUTBOX_DATABASE_BLOCKED', what }, cause);
}

/** Turns an error of the server or of the way to it into ours; an OutboxError passes unchanged. */
export function describePostgresError(where: Where, error: unknown): OutboxError {
  if (error instanceof OutboxError) return error;
  const trouble = troubleOfPostgres(error);
  return refusal(where, verdictOn(where, trouble), trouble);
}

function refusal(where: Where, { code, what }: Verdict, cause: unknown): OutboxError {
  return new OutboxError(code, `the database ${where.shown} ${what}`, { cause });
}

function verdictOn(where: Where, trouble: unknown): Verdict {
  const wrong = (what: string): Verdict => ({ code: 'ERR_OUTBOX_DATABASE_UNAVAILABLE', what });
  const mayPass = (what: string): Verdict => ({ code: 'ERR_OUTBOX_DATABASE_BLOCKED', what });
  if (!(trouble instanceof DatabaseTrouble)) {
    const text = trouble instanceof Error ? trouble.message : String(trouble);
    return wrong(`cannot be used (${text}): check DATABASE_URL, its user and its password`);
  }
  switch (trouble.code) {
    case '28P01':
    case '28000':
      return wrong(
        `does not let ${who(where)} in: check user and password in DATABASE_URL, and the server's pg_hba.conf`,
      );
    case '3D000':
      return wrong(
        `does not exist: create it (createdb -h ${where.host} -p ${where.port} ${where.database}) or correct DATABASE_URL`,
      );
    case '3F000':
      return wrong('has no such schema: create it (CREATE SCHEMA ...) or correct ?schema= in DATABASE_URL');
    case '42501':
      return wrong(`does not let ${who(where)} do this (${trouble.message}): ${rightsAdvice(where)}`);
    case '25006':
      return mayPass(readOnlyAdvice);
    case '53300':
      return mayPass(
        'has no connection left: end some, or raise max_connections; a relayer needs about five, an application its pool',
      );
    case '57P03':
      return mayPass('is starting up, shutting down or recovering: wait until it accepts connections');
    case '55P03':
      return mayPass(
        'is locked by another process, which may be migrating it: wait, or find it in pg_stat_activity',
      );
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return mayPass(
        `cannot be found: there is no host called ${where.host}. Correct DATABASE_URL, or wait for DNS`,
      );
    default:
      break;
  }
  if (isOfCertificate(trouble)) {
    return wrong(
      `shows a certificate that is not accepted (${trouble.code}): renew it on the server if it is out of date, connect by a name that it holds, or name its authority with sslrootcert= in DATABASE_URL`,
    );
  }
  if (trouble.kind === 'damaged') {
    return {
      code: 'ERR_OUTBOX_DATABASE_CORRUPT',
      what: `says that it is damaged (${trouble.message}): look into the server's log, and restore a backup`,
    };
  }
  if (trouble.kind === 'refused') return wrong(`refused (${trouble.message}): check the server's log`);
  return mayPass(
    `cannot be used at this moment (${trouble.message}): check that the server runs and that ${where.host}:${where.port} can be reached from here`,
  );
}

/** What a database that takes no writes is told. */
export const readOnlyAdvice =
  'takes no writes: it is a read-only replica, or default_transaction_read_only is on. Point DATABASE_URL at the primary';

function who({ user }: Where): string {
  return user === '' ? 'the default user' : `the user ${user}`;
}

function rightsAdvice({ user }: Where): string {
  return `let the owner of the tables run "npm run db:migrate", and grant ${user === '' ? 'this user' : user} what it lacks`;
}
