// What a command holds while it runs: the outbox on either engine. It opens nothing; with-outbox.ts does.
import type { Environment } from '../../apps/outbox/environment.ts';
import type { PostgresAddress } from '../../apps/outbox/postgres/address.ts';
import type { PostgresConnection } from '../../apps/outbox/postgres/connection.ts';
import type { SqliteConnection } from '../../apps/outbox/sqlite/connection.ts';
import type { OutboxStore } from '../../apps/outbox/store.ts';

export interface OpenOutbox {
  readonly environment: Environment;
  /** The outbox's table; every statement is prepared for it. */
  readonly table: string;
  readonly store: OutboxStore;
  /** The time by which events become due: this machine's, or the server's. Epoch ms. */
  nowMs(): number;
  /** The slots whose relayers live. */
  alive(): Promise<readonly string[]>;
  /** Which database it is, and the room that it takes. */
  room(): Promise<DatabaseRoom>;
  readonly engine: OpenEngine;
}

/** What each engine alone has. */
export type OpenEngine = OpenFile | OpenServer;

export interface OpenFile {
  readonly kind: 'sqlite';
  readonly file: string;
  readonly db: SqliteConnection;
}

export interface OpenServer {
  readonly kind: 'postgres';
  readonly address: PostgresAddress;
  readonly connection: PostgresConnection;
  /** A proxy lends its connections out by the transaction. */
  readonly isPooled: boolean;
  /** The server's clock minus this machine's. */
  readonly clockOffsetMs: number;
}

export type DatabaseRoom =
  | { readonly file: string; readonly bytes: number }
  /** Of the outbox's tables with their indexes. `deadRows`: versions of rows that vacuum has not taken away yet. */
  | { readonly name: string; readonly bytes: number; readonly deadRows: number };
