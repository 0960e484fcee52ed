// The common shape of a peer: another library that delivers what was committed. Each has one file beside this one, whose export
// `peer` is a Peer; it runs in two processes of its own, the store's and the worker's, never in the benchmark's.

/** `default`: as the peer's documentation sets it up. `tuned`: as fast as its options allow, with 64 requests in flight. */
export type Variant = 'default' | 'tuned';
export const variants: readonly Variant[] = ['default', 'tuned'];

/** Requests in flight of every tuned peer. */
export const tunedConcurrency = 64;

export type ServerKind = 'PostgreSQL' | 'Redis';

/** Where a peer works. Plain data, since it travels to other processes. */
export interface Place {
  /** The folder in whose `node_modules` the peer is installed. */
  readonly modules: string;
  /** Of the database: the path of a file, or a URL. */
  readonly database: string;
  /** Begins every key in a database that is shared with others (Redis). */
  readonly prefix: string;
}

/** The request's body, and the job as every peer stores it. */
export interface PeerEvent {
  readonly owner_id: string;
  readonly event_type: string;
  /** Recognised by the gateway. */
  readonly idempotency_key: string;
  readonly data: unknown;
}

/** What is not completed. */
export interface Left {
  /** Nobody's: can be claimed now. */
  readonly waiting: number;
  /** Claimed by a worker, be it alive or dead. */
  readonly claimed: number;
}

/** The application's side of a peer, and a look at its tables. */
export interface PeerStore {
  /** Commits these and nothing else: whatever was there is gone. In bulk, however the peer does that best. */
  fill(events: readonly PeerEvent[]): Promise<void>;
  /** Commits one by the peer's documented way; returns when it is committed. */
  add(event: PeerEvent): Promise<void>;
  left(): Promise<Left>;
  /** Keys of the claimed ones. */
  claimedKeys(): Promise<readonly string[]>;
  /** CPU time of the server so far, ms; null where it works in the worker's process or cannot be seen. */
  serverCpuMs(): Promise<number | null>;
  /** Name and settings of the server or the database, for the report. */
  about(): Promise<string>;
}

/** Hands a body to the gateway. Rejects unless it was accepted. */
export type Post = (body: string) => Promise<void>;

export interface Peer {
  /** Connects. */
  openStore(place: Place, variant: Variant): Promise<PeerStore>;
  /** Resolves once the worker works. It is never asked to stop: its process is ended. */
  startWorker(place: Place, variant: Variant, post: Post): Promise<void>;
}

/** What the benchmark itself must know of a peer. */
export interface PeerInfo {
  /** Also the name of its module here and of its folder when installed. */
  readonly name: string;
  /** What it needs running; null for none but a file. */
  readonly server: ServerKind | null;
  /** Exact versions by package. The first one is the peer. */
  readonly packages: Readonly<Record<string, string>>;
  /** What is set, for the report. */
  readonly settings: Readonly<Record<Variant, string>>;
  /** How long the events of a killed worker wait, for the report; from its source or documentation. */
  readonly lease: Readonly<Record<Variant, string>>;
}
