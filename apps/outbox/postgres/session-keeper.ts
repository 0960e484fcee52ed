// Keeps a relayer's session: one at a time, a new one when somebody needs it after the last was lost. Wakes go on over the change.
import { openSession, type Session, type SessionOptions } from './session.ts';

export interface SessionKeeper {
  /** The session that is open, or a new one. Rejects with DatabaseTrouble. */
  current(): Promise<Session>;
  /** Calls back at each wake and at the begin of each session. Returns what stops it. */
  onWake(callback: () => void): () => void;
  close(): Promise<void>;
}

/** Opens nothing by itself. */
export function sessionKeeper(options: SessionOptions): SessionKeeper {
  const listeners = new Set<() => void>();
  let session: Promise<Session> | null = null;
  const wake = () => {
    for (const listener of listeners) listener();
  };
  const open = () => {
    const opening = openSession(options, wake);
    const forget = () => {
      if (session === opening) session = null;
    };
    opening.then(({ ended }) => ended.then(forget), forget);
    return opening;
  };
  return {
    current() {
      session ??= open();
      return session;
    },
    onWake(callback) {
      listeners.add(callback);
      return () => void listeners.delete(callback);
    },
    async close() {
      const last = session;
      await last?.then(
        (open) => open.end(),
        () => {},
      );
    },
  };
}
