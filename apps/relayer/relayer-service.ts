// A running relayer: the loop, and what goes on around it until the loop ends. How its parts were made, and in which order,
// is start-relayer.ts.
import { randomBytes } from 'node:crypto';
import { systemClock as clock } from '../outbox/clock.ts';
import { gatewayName } from '../outbox/convoy-url.ts';
import type { Credentials } from '../outbox/credentials.ts';
import type { Application } from '../outbox/daemon.ts';
import { explained } from '../outbox/database-error.ts';
import { leaseIds } from '../outbox/lease-id.ts';
import type { Log } from '../outbox/log.ts';
import type { FileIdentity } from '../outbox/sqlite/file-identity.ts';
import type { RelayerSlot } from '../outbox/sqlite/relayer-slot.ts';
import type { SqliteStore } from '../outbox/sqlite/store.ts';
import { startWake } from '../outbox/sqlite/wake.ts';
import { thisProcess } from '../outbox/this-process.ts';
import { startBackground } from './background.ts';
import { calm } from './calm.ts';
import type { RelayerSettings } from './config.ts';
import { createDeliverer, type Deliverer } from './deliver.ts';
import { guardedOwners } from './guarded-owners.ts';
import { lookAround } from './look-around.ts';
import { recordStart, recordStop } from './own-record.ts';
import { patientStore } from './patient-store.ts';
import { Relayer } from './relayer.ts';
import { tellSandboxLeftovers } from './sandbox-guard.ts';
import { hasPassed, passStartupCheck } from './startup-check.ts';
import { meteredDelivery, meteredStore } from './status/metered.ts';
import { Meters } from './status/meters.ts';
import { takeOverOwnSlot } from './takeover.ts';

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

/** A restarted relayer delivers what waits before it loads got (80 to 260 ms) to ask anything that can wait. */
const busyStartMs = 1_000;

/** The relayer as its daemon sees it. */
export class RelayerService implements Application {
  readonly #parts: ServiceParts;
  readonly #gateway: string;
  readonly #deliverer: Deliverer;
  readonly #relayer: Relayer;
  readonly #meters = new Meters(clock);
  readonly #calmFromMs = clock.monotonicMs() + busyStartMs;
  readonly #stopping = new AbortController();
  #failure: unknown = null;
  stopped: Promise<void> = Promise.resolve();

  constructor(parts: ServiceParts) {
    const { settings, credentials, log, slot } = parts;
    const patience = { clock, log, random: Math.random, signal: this.#stopping.signal };
    const metered = { meters: this.#meters, clock };
    const store = meteredStore(patientStore(parts.store, patience), metered);
    this.#parts = { ...parts, store };
    this.#gateway = gatewayName(credentials.baseUrl, credentials.projectId);
    this.#deliverer = createDeliverer({
      ...credentials,
      concurrency: settings.concurrency,
      connectTimeoutMs: settings['request-timeout'],
      clock,
    });
    const nextLeaseId = leaseIds({ slot: slot.name, token: randomBytes(6).toString('hex') });
    const owners = guardedOwners({ ...this.#check, settings, calm: this.#calm });
    this.#relayer = new Relayer(
      {
        ...{ store, nextLeaseId, clock, log, random: Math.random, ...owners },
        deliver: meteredDelivery(this.#deliverer.deliver, metered),
        onGateway: this.#meters.gatewayBecame,
      },
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
    const { store, slot, log, file } = this.#parts;
    const events = await takeOverOwnSlot(this.#takeover);
    const isKnown = await hasPassed(this.#check);
    if (isKnown) this.#allowSending();
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
      if (this.#failure === null) await recordStop(this.#parts);
      await store.close();
      slot.release();
      if (this.#failure !== null) throw explained(file, this.#failure);
      log.info('relayer stopped');
    });
    log.info('relayer started', { database: file, gateway: this.#gateway, slot: slot.name });
    const checked = this.#checkGateway(isKnown);
    const parts = {
      ...{ ...this.#parts, ...this.#check, databaseFile: file, relayer: this.#relayer, checked },
      ...{ pid: thisProcess.pid, meters: this.#meters, store, calm: this.#calm },
    };
    for (const task of [
      recordStart(this.#parts, events),
      checked,
      this.#lookAround(),
      ...startBackground(parts),
    ])
      void this.#guarded(task);
  }

  stop(): void {
    if (!this.#stopping.signal.aborted) this.#parts.log.info('relayer stopping');
    this.#stopping.abort();
    this.#relayer.stop();
  }

  readonly #calm = (): Promise<void> =>
    calm({
      isGatewayOpen: () => this.#relayer.isGatewayOpen,
      isQuiet: () => this.#relayer.isQuiet,
      notBeforeMs: this.#calmFromMs,
      clock,
      signal: this.#stopping.signal,
    });

  #allowSending(): void {
    this.#meters.isSendingAllowed = true;
    this.#relayer.allowSending();
  }

  /** A gateway that has passed before is asked again when there is time. */
  async #checkGateway(isKnown: boolean): Promise<void> {
    const { store, credentials, log } = this.#parts;
    if (isKnown) await this.#calm();
    await passStartupCheck(this.#check);
    this.#allowSending();
    await tellSandboxLeftovers(store, credentials.projectId, log);
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

  #lookAround(): Promise<void> {
    const { settings, identity } = this.#parts;
    return lookAround({
      ...this.#takeover,
      ...{ relayer: this.#relayer, identity, everyMs: settings['poll-interval'] },
    });
  }

  get #takeover() {
    const { file, slot } = this.#parts;
    return { ...this.#background, databaseFile: file, slot };
  }

  get #check() {
    const { settings, credentials } = this.#parts;
    const access = { ...credentials, timeoutMs: settings['request-timeout'] };
    return { ...this.#background, access, gateway: this.#gateway };
  }
}
