// Knows whether the running code is inside an open transaction of a database, to tell a call that would wait for itself
// from one that may wait. It guards nothing: the gate does.
import { AsyncLocalStorage } from 'node:async_hooks';
import { OutboxError } from './outbox-error.ts';

/** The database that a transaction is on. One object per gate (SQLite) or per client (PostgreSQL): it is known by identity. */
export interface TransactionPlace {
  /** The file's real path, or the server's address without a password. */
  readonly file: string;
  /** What a call of the root client inside a transaction there would come to. Default: a wait that never ends. */
  readonly danger?: string;
}

const endlessWait = 'it would wait for that transaction, which waits for it';

interface Scope {
  readonly gate: TransactionPlace;
  /** False once the callback has ended: what it left running may use the root client again. */
  live: boolean;
  /** The transaction around this one, on another file. */
  readonly outer: Scope | undefined;
}

const scopes = new AsyncLocalStorage<Scope>();

/** Runs a transaction's callback so that everything it calls is known to be inside it. */
export async function runInScope<Result>(
  gate: TransactionPlace,
  callback: () => Promise<Result>,
): Promise<Result> {
  const scope: Scope = { gate, live: true, outer: scopes.getStore() };
  try {
    return await scopes.run(scope, callback);
  } finally {
    scope.live = false;
  }
}

/** Throws ERR_OUTBOX_CLIENT_IN_TRANSACTION when the running code is inside an open transaction of the gate's file. */
export function refuseInScope(gate: TransactionPlace, call: string): void {
  for (let scope = scopes.getStore(); scope !== undefined; scope = scope.outer) {
    if (!scope.live || scope.gate !== gate) continue;
    throw new OutboxError(
      'ERR_OUTBOX_CLIENT_IN_TRANSACTION',
      `${call} was called on the root client inside a transaction of ${gate.file}: ${gate.danger ?? endlessWait}. Use the client that $transaction passes to its callback`,
    );
  }
}
