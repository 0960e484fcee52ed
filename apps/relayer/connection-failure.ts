// What an error of a connection says: pure functions of the error.

/** Somebody took the connection and ended it, whether the request was on its way by then or not yet. */
export function isReset(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  return code === 'ECONNRESET' || code === 'EPIPE' || code === 'UND_ERR_SOCKET';
}

/** For logs and `last_error`: what happened, with its code. */
export function failureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return error.message === '' || error.message.includes(code)
    ? error.message || code
    : `${code}: ${error.message}`;
}
