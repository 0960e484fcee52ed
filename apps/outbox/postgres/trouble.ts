// What PostgreSQL's and the network's codes mean for us. It judges errors and opens nothing. Codes: PostgreSQL's manual, appendix A.
import pg from 'pg';
import { DatabaseTrouble, type TroubleKind } from '../database-trouble.ts';

/** Ends at once when it is tried again: a serialization failure, a deadlock, a lock not available. */
const busyCodes = /^(?:40001|40P01|55P03)$/;
/**
 * The server is starting, stopping, full, out of connections, or is a replica that takes no writes (a failover under way); a
 * connection that broke (class 08) or a statement that was cancelled (57).
 */
const passingCodes = /^(?:08|53|57|58|25006|25P0[23])/;
/** XX001 and XX002: a damaged table or index. */
const damagedCodes = /^XX00[12]$/;

/** The error in our words. Only its message and code are kept: `detail` quotes whole rows. */
export function troubleOfPostgres(error: unknown): unknown {
  if (error instanceof DatabaseTrouble) return error;
  if (error instanceof pg.DatabaseError) {
    const code = error.code ?? '';
    return new DatabaseTrouble({
      kind: kindOf(code),
      code,
      message: `PostgreSQL: ${error.message} (${code})`,
    });
  }
  const code = networkCode(error);
  if (code === null) return error;
  return new DatabaseTrouble({ kind: 'passing', code, message: `PostgreSQL cannot be reached: ${code}` });
}

function kindOf(code: string): TroubleKind {
  if (busyCodes.test(code)) return 'busy';
  if (passingCodes.test(code)) return 'passing';
  return damagedCodes.test(code) ? 'damaged' : 'refused';
}

/** Whether what was asked was not answered in time: the line may be dead, whatever was meant to come over it. */
export function isSilence(error: unknown): boolean {
  return error instanceof Error && error.message === silenceText;
}

/** Whether the way to the server is broken, as opposed to a word of the server's. */
export function isOfLine(trouble: unknown): boolean {
  return trouble instanceof DatabaseTrouble && trouble.code.startsWith('E');
}

const silenceText = 'Query read timeout';

/** Null when it is no trouble with a connection. The client gives some of its own no code. */
function networkCode(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if (error instanceof AggregateError && error.errors.length > 0) return networkCode(error.errors[0]);
  if ('code' in error && typeof error.code === 'string' && /^E[A-Z_]+$/.test(error.code)) return error.code;
  if (timeoutTexts.test(error.message)) return 'ETIMEDOUT';
  return connectionTexts.test(error.message) ? 'ECONNECTION' : null;
}

/** By their text, since pg and pg-pool give these no code. */
const timeoutTexts = new RegExp(
  `^(?:${silenceText}|timeout expired|timeout exceeded when trying to connect|Connection terminated due to connection timeout)$`,
);
const connectionTexts = /connection terminated|not queryable|client was closed|SSL/i;
