// Keeps a relayer's session: one at a time, a new one when somebody needs it after the last was lost. Who listens goes on over the change.
import { openSession, type Session, type SessionOptions } from './session.ts';

export interface SessionListener {
  /** Called for each session, before anybody else has it. */
  began(session: Session): void;
  /** Called with what a notification says. */
  told(message: string): void;
}

export interface SessionKeeper {
  /** The session that is open, or a new one. Rejects with DatabaseTrouble. */
  current(): Promise<Session>;
  close(): Promise<void>;
}

/** Opens nothing by itself. */
export function sessionKeeper(options: SessionOptions, listener?: SessionListener): SessionKeeper {
  let session: Promise<Session> | null = null;
  const begin = async () => {
    const begun = await openSession(options, (message) => listener?.told(message));
    listener?.began(begun);
    return begun;
  };
  const open = () => {
    const opening = begin();
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
    async close() {
      const last = session;
      await last?.then(
        (open) => open.end(),
        () => {},
      );
    },
  };
}
