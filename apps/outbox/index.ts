// What an application that adopts the outbox imports, and nothing more: check the database, open a guarded client,
// append events. It loads neither the applications nor this project's own generated client.
export type { AdapterOptions } from './adapter-options.ts';
export { append, type NewEvent, type OutboxTransaction } from './append.ts';
export { checkDatabase } from './migrate.ts';
export { openOutboxClient, type RootClient } from './outbox-client.ts';
export { OutboxError, type OutboxErrorCode } from './outbox-error.ts';
export type { PrepareOptions } from './prepared.ts';
export { type OutboxAdapter, outboxAdapter } from './sqlite/serial-adapter.ts';
