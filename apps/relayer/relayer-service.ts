// A running relayer: the loop, and what goes on around it until the loop ends. How its parts were made, and in which order,
// is start-relayer.ts.
import { randomBytes } from 'node:crypto';
import { systemClock as clock, sleep } from '../outbox/clock.ts';
import { gatewayName } from '../outbox/convoy-url.ts';
import type { Credentials } from '../outbox/credentials.ts';
import type { Application } from '../outbox/daemon.ts';
import { explained } from '../outbox/database-error.ts';
import type { FileIdentity } from '../outbox/file-identity.ts';
import { leaseIds } from '../outbox/lease-id.ts';
import { errorText, type Log } from '../outbox/log.ts';
import { OutboxError } from '../outbox/outbox-error.ts';
import type { RelayerSlot } from '../outbox/relayer-slot.ts';
import { isCorrupt } from '../outbox/sqlite-code.ts';
import type { SqliteStore } from '../outbox/sqlite-store.ts';
import { startBackground } from './background.ts';
import type { RelayerSettings } from './config.ts';
import { createDeliverer, type Deliverer } from './deliver.ts';
import { guardedOwners } from './guarded-owners.ts';
import { patientStore } from './patient-store.ts';
import { Relayer } from './relayer.ts';
import { tellSandboxLeftovers } from './sandbox-guard.ts';
import { hasPassed, passStartupCheck } from './startup-check.ts';
import { takeOverDeadSlots, takeOverOwnSlot } from './takeover.ts';
import { startWake } from './wake.ts';

/** What a relayer runs on. Its own from now on: it closes the store and releases the slot. */
export interface ServiceParts {
  readonly settings: RelayerSettings;
  readonly credentials: Credentials;
  readonly log: Log;
  readonly file: string;
  readonly identity: FileIdentity;
  readonly store: SqliteStore;
  readonly slot: RelayerSlot;
}

/** The relayer as its daemon sees it. */
export class RelayerService implements Application {
  readonly #parts: ServiceParts;
  readonly #gateway: string;
  readonly #deliverer: Deliverer;
  readonly #relayer: Relayer;
  readonly #stopping = new AbortController();
  #failure: unknown = null;
  stopped: Promise<void> = Promise.resolve();

  constructor(parts: ServiceParts) {
    const { settings, credentials, log, slot } = parts;
    const patience = { clock, log, random: Math.random, signal: this.#stopping.signal };
    const store = patientStore(parts.store, patience);
    this.#parts = { ...parts, store };
    this.#gateway = gatewayName(credentials.baseUrl, credentials.projectId);
    this.#deliverer = createDeliverer({
      ...credentials,
      concurrency: settings.concurrency,
      connectTimeoutMs: settings['request-timeout'],
      clock,
    });
    const nextLeaseId = leaseIds({ slot: slot.name, token: randomBytes(6).toString('hex') });
    const owners = guardedOwners({ ...this.#check, settings });
    this.#relayer = new Relayer(
      { store, deliver: this.#deliverer.deliver, nextLeaseId, clock, log, random: Math.random, ...owners },
      {
        gateway: this.#gateway,
        concurrency: settings.concurrency,
        leaseMs: settings.lease,
        requestTimeoutMs: settings['request-timeout'],
        maxAttempts: settings['max-attempts'],
        maxInterruptions: settings['max-interruptions'],
        drainTimeoutMs: settings['drain-timeout'],
      },
    );
  }

  /** Once the loop runs, nothing more is awaited: until `start` resolves, a signal ends the process at once. */
  async start(): Promise<void> {
    const { store, slot, log, file, settings } = this.#parts;
    const events = await takeOverOwnSlot(this.#takeover);
    if (await hasPassed(this.#check)) this.#relayer.allowSending();
    const stopWake = startWake({
      databaseFile: file,
      dataVersion: store.dataVersion,
      onChange: () => this.#relayer.wake(),
      clock,
      log,
    });
    this.stopped = this.#relayer.run().finally(async () => {
      stopWake();
      this.stop();
      await this.#deliverer.close();
      await store.close();
      slot.release();
      if (this.#failure !== null) throw explained(file, this.#failure);
      log.info('relayer stopped');
    });
    log.info('relayer started', { database: file, gateway: this.#gateway, slot: slot.name });
    const drain = { drain_timeout_ms: settings['drain-timeout'] };
    const detail = { slot: slot.name, events, ...store.facts(), ...drain };
    const recorded = store.log({ kind: 'relayer_started', detail, nowMs: clock.nowMs() });
    const checked = this.#checkGateway();
    const parts = { ...this.#parts, ...this.#check, databaseFile: file, relayer: this.#relayer, checked };
    for (const task of [recorded, checked, this.#lookAround(), ...startBackground(parts)])
      void this.#guarded(task);
  }

  stop(): void {
    if (!this.#stopping.signal.aborted) this.#parts.log.info('relayer stopping');
    this.#stopping.abort();
    this.#relayer.stop();
  }

  async #checkGateway(): Promise<void> {
    const { store, credentials, log } = this.#parts;
    await passStartupCheck(this.#check);
    this.#relayer.allowSending();
    await tellSandboxLeftovers(store, credentials.projectId, log);
  }

  /** What the poll interval is for: missed hints, relayers that died, and a database or lock pulled from under us. */
  async #lookAround(): Promise<void> {
    const { settings, identity, slot, store, log } = this.#parts;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        this.#relayer.wake(); // First: nothing below may keep the net from working.
        if ((await takeOverDeadSlots(this.#takeover)) > 0) this.#relayer.wake();
        if (this.#relayer.isQuiet) store.checkpoint('truncate');
      } catch (error) {
        if (isCorrupt(error)) throw error;
        log.warn('could not look for dead relayers, trying again', { reason: errorText(error) });
      }
      await sleep(clock, settings['poll-interval'], signal);
      if (signal.aborted) return;
      identity.assertSame();
      if (!slot.isIntact()) {
        throw new OutboxError(
          'ERR_OUTBOX_SLOT',
          `the lock file of relayer slot ${slot.name} was removed or replaced: never touch the .lock files beside the database. Stopping, so that no two relayers hold one slot`,
        );
      }
    }
  }

  /** A background task that fails ends the relayer, with its error. */
  async #guarded(task: Promise<void>): Promise<void> {
    try {
      await task;
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      this.#failure ??= error;
      this.stop();
    }
  }

  get #background() {
    return { store: this.#parts.store, clock, log: this.#parts.log, signal: this.#stopping.signal };
  }

  get #takeover() {
    return { ...this.#background, databaseFile: this.#parts.file, slot: this.#parts.slot };
  }

  get #check() {
    const { settings, credentials } = this.#parts;
    const access = { ...credentials, timeoutMs: settings['request-timeout'] };
    return { ...this.#background, access, gateway: this.#gateway };
  }
}
