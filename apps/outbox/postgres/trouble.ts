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

/** Of the system, its resolver and Node's sockets. By name: ERR_INVALID_ARG_TYPE would be a mistake of ours. */
const networkCodes: ReadonlySet<string> = new Set(
  `ECONNREFUSED ECONNRESET ECONNABORTED EPIPE ETIMEDOUT ENOTCONN EPROTO EHOSTUNREACH EHOSTDOWN ENETUNREACH ENETDOWN ENETRESET
   EADDRINUSE EADDRNOTAVAIL ENOBUFS ENOMEM EMFILE ENFILE EAGAIN ENOENT EACCES EPERM ECANCELED
   ENOTFOUND EAI_AGAIN EAI_FAIL EAI_NODATA EAI_NONAME EAI_MEMORY EAI_SYSTEM
   ERR_STREAM_DESTROYED ERR_STREAM_WRITE_AFTER_END ERR_STREAM_PREMATURE_CLOSE ERR_SOCKET_CLOSED ERR_SOCKET_CONNECTION_TIMEOUT`.split(
    /\s+/,
  ),
);
/** Node's manual, "X509 certificate error codes". What cannot pass before somebody changes something. */
const certificateCodes: ReadonlySet<string> = new Set(
  `UNABLE_TO_GET_ISSUER_CERT UNABLE_TO_GET_ISSUER_CERT_LOCALLY UNABLE_TO_VERIFY_LEAF_SIGNATURE UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY
   UNABLE_TO_DECRYPT_CERT_SIGNATURE UNABLE_TO_DECRYPT_CRL_SIGNATURE UNABLE_TO_GET_CRL CERT_SIGNATURE_FAILURE CRL_SIGNATURE_FAILURE
   CERT_NOT_YET_VALID CERT_HAS_EXPIRED CRL_NOT_YET_VALID CRL_HAS_EXPIRED ERROR_IN_CERT_NOT_BEFORE_FIELD ERROR_IN_CERT_NOT_AFTER_FIELD
   ERROR_IN_CRL_LAST_UPDATE_FIELD ERROR_IN_CRL_NEXT_UPDATE_FIELD DEPTH_ZERO_SELF_SIGNED_CERT SELF_SIGNED_CERT_IN_CHAIN
   CERT_CHAIN_TOO_LONG CERT_REVOKED INVALID_CA PATH_LENGTH_EXCEEDED INVALID_PURPOSE CERT_UNTRUSTED CERT_REJECTED HOSTNAME_MISMATCH
   ERR_TLS_CERT_ALTNAME_INVALID ERR_TLS_CERT_ALTNAME_FORMAT`.split(/\s+/),
);

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
  const certificate = codeIn(error, certificateCodes);
  if (certificate !== null) {
    const message = `PostgreSQL's certificate is not accepted: ${certificate}`;
    return new DatabaseTrouble({ kind: 'refused', code: certificate, message });
  }
  const code = networkCode(error);
  if (code === null) return error;
  return new DatabaseTrouble({ kind: 'passing', code, message: `PostgreSQL cannot be reached: ${code}` });
}

/** Whether it is the server's certificate that is not accepted. */
export function isOfCertificate(trouble: DatabaseTrouble): boolean {
  return certificateCodes.has(trouble.code);
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
  const code = codeIn(error, networkCodes);
  if (code !== null) return code;
  if (!(error instanceof Error)) return null;
  if (timeoutTexts.test(error.message)) return 'ETIMEDOUT';
  return connectionTexts.test(error.message) ? 'ECONNECTION' : null;
}

/** The error's code if it is one of these. Of several addresses that were tried the first counts. */
function codeIn(error: unknown, codes: ReadonlySet<string>): string | null {
  if (!(error instanceof Error)) return null;
  if (error instanceof AggregateError && error.errors.length > 0) return codeIn(error.errors[0], codes);
  if (!('code' in error) || typeof error.code !== 'string' || !codes.has(error.code)) return null;
  // A certificate's file that is missing is no socket that is not there yet.
  return 'syscall' in error && error.syscall === 'open' ? null : error.code;
}

/** By their text, since pg and pg-pool give these no code. */
const timeoutTexts = new RegExp(
  `^(?:${silenceText}|timeout expired|timeout exceeded when trying to connect|Connection terminated due to connection timeout)$`,
);
const connectionTexts = /connection terminated|not queryable|client was closed|SSL (?:connection|routines)/i;
