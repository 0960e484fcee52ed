// What can be set when a sandbox is started, with the defaults. All durations are plain delays.
import type { Log } from '../../apps/outbox/log.ts';
import type { Business } from './endpoint.ts';
import type { RateLimit } from './rate-limit.ts';

/** Everything is optional. */
export interface SandboxOptions {
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** Default `sandbox-key`. */
  readonly apiKey?: string;
  /** The key of a person, which may create projects. Default `sandbox-personal-key`. */
  readonly personalKey?: string;
  /** Where acceptances and faults are recorded. Default: in memory only. */
  readonly ledgerFile?: string;
  /** Default: silent. */
  readonly log?: Log;
  /** Default: the demo's five. An owner without a business is accepted and never delivered, as in Convoy. */
  readonly businesses?: readonly Business[];
  /** From the 201 to the stored row. Default 1,000. */
  readonly storeDelayMs?: number;
  /** From the stored row to the webhook. Default 2,000. */
  readonly deliverDelayMs?: number;
  /** Webhooks under way at once. Default 4, so that deliveries do not crowd out intake. */
  readonly parallelDeliveries?: number;
  /** Payload bytes that may wait for delivery; webhooks beyond are shed, with a warning. Default 32 MiB. */
  readonly maxWaitingBytes?: number;
  /** Default: Convoy's own, 60,000 at once and 1,000 a second; one bucket for events, one for reads. */
  readonly rateLimit?: RateLimit;
  /** Idle connections are closed after this time. Default 30,000. */
  readonly idleSocketMs?: number;
  /** A body that pauses for so long is given up with a 400. Default 30,000. */
  readonly bodyStallMs?: number;
  /** Epoch milliseconds for rows, ledger and the Date header; delays stay real. Default Date.now. */
  readonly nowMs?: () => number;
  /** Decides faults with a probability: numbers from 0 up to 1. Default Math.random. */
  readonly random?: () => number;
}
