// Knows whether the running code is inside an open transaction of a file, to tell a call that would wait for itself
// from one that may wait. It guards nothing: the gate does.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { FileGate } from './file-gate.ts';
import { OutboxError } from './outbox-error.ts';

interface Scope {
  readonly gate: FileGate;
  /** False once the callback has ended: what it left running may use the root client again. */
  live: boolean;
  /** The transaction around this one, on another file. */
  readonly outer: Scope | undefined;
}

const scopes = new AsyncLocalStorage<Scope>();

/** Runs a transaction's callback so that everything it calls is known to be inside it. */
export async function runInScope<Result>(gate: FileGate, callback: () => Promise<Result>): Promise<Result> {
  const scope: Scope = { gate, live: true, outer: scopes.getStore() };
  try {
    return await scopes.run(scope, callback);
  } finally {
    scope.live = false;
  }
}

/** Throws ERR_OUTBOX_CLIENT_IN_TRANSACTION when the running code is inside an open transaction of the gate's file. */
export function refuseInScope(gate: FileGate, call: string): void {
  for (let scope = scopes.getStore(); scope !== undefined; scope = scope.outer) {
    if (!scope.live || scope.gate !== gate) continue;
    throw new OutboxError(
      'ERR_OUTBOX_CLIENT_IN_TRANSACTION',
      `${call} was called on the root client inside a transaction of ${gate.file}: it would wait for that transaction, which waits for it. Use the client that $transaction passes to its callback`,
    );
  }
}
