// An answer as data: what a route returns and the server sends. Routes know no HTTP server.

export interface Reply {
  readonly kind: 'reply';
  readonly status: number;
  /** Media type. */
  readonly type: string;
  readonly body: string | Uint8Array;
}

/** An answer that goes on: server-sent events. */
export interface StreamReply {
  readonly kind: 'stream';
  /** Called once, when the head is out. */
  readonly open: (listener: Listener) => void;
}

/** Somebody who listens to a stream. */
export interface Listener {
  /** Sends a text; a listener that does not keep up is dropped. */
  send(text: string): void;
  /** Calls back once, when it is gone for whatever reason. */
  onGone(callback: () => void): void;
}

export interface Question {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly lastEventId: string | undefined;
}

export const jsonReply = (status: number, value: unknown): Reply => ({
  kind: 'reply',
  status,
  type: 'application/json',
  body: `${JSON.stringify(value)}\n`,
});

export const textReply = (status: number, text: string): Reply => ({
  kind: 'reply',
  status,
  type: 'text/plain; charset=utf-8',
  body: `${text}\n`,
});
