// A running relayer: the loop, and what goes on around it until the loop ends. How its parts were made, and in which order,
// is start-relayer.ts.
import type { Clock } from '../outbox/clock.ts';
import { gatewayName } from '../outbox/convoy-url.ts';
import type { Credentials } from '../outbox/credentials.ts';
import type { Application } from '../outbox/daemon.ts';
import type { Log } from '../outbox/log.ts';
import type { OutboxDatabase } from '../outbox/outbox-database.ts';
import type { RelayerSlot } from '../outbox/relayer-slot.ts';
import type { OutboxStore } from '../outbox/store.ts';
import { thisProcess } from '../outbox/this-process.ts';
import { startBackground } from './background.ts';
import { calm } from './calm.ts';
import { loopOptions, type RelayerSettings } from './config.ts';
import { createDeliverer, type Deliverer } from './deliver.ts';
import { guardedOwners } from './guarded-owners.ts';
import { lookAround } from './look-around.ts';
import { recordStart, recordStop } from './own-record.ts';
import { patientStore } from './patient-store.ts';
import { Relayer } from './relayer.ts';
import { tellSandboxLeftovers } from './sandbox-guard.ts';
import { SlotHolder } from './slot-holder.ts';
import { slotLog } from './slot-log.ts';
import { hasPassed, passStartupCheck } from './startup-check.ts';
import { meteredClaims, meteredStore } from './status/metered.ts';
import { Meters } from './status/meters.ts';
import { takeOverOwnSlot } from './takeover.ts';

/** What a relayer runs on. Its own from now on: it closes the database and releases the slot. */
export interface ServiceParts {
  readonly settings: RelayerSettings;
  readonly credentials: Credentials;
  readonly log: Log;
  readonly database: OutboxDatabase;
  readonly slot: RelayerSlot;
}

/** A restarted relayer delivers what waits before it loads got (30 to 100 ms) to ask anything that can wait. */
const busyStartMs = 1_000;

/** The relayer as its daemon sees it. */
export class RelayerService implements Application {
  readonly #parts: Omit<ServiceParts, 'slot'> & { readonly store: OutboxStore; readonly clock: Clock };
  readonly #slot: SlotHolder;
  readonly #gateway: string;
  readonly #deliverer: Deliverer;
  readonly #relayer: Relayer;
  readonly #meters: Meters;
  readonly #calmFromMs: number;
  readonly #stopping = new AbortController();
  #failure: unknown = null;
  stopped: Promise<void> = Promise.resolve();

  constructor(parts: ServiceParts) {
    const { settings, credentials, database } = parts;
    const { clock } = database;
    this.#meters = new Meters(clock);
    this.#calmFromMs = clock.monotonicMs() + busyStartMs;
    this.#slot = new SlotHolder(parts.slot);
    const log = slotLog(parts.log, this.#slot);
    const patience = { clock, log, random: Math.random, signal: this.#stopping.signal };
    const metered = { meters: this.#meters, clock };
    const store = meteredStore(patientStore(database.store, patience), metered);
    this.#parts = { settings, credentials, log, database, store, clock };
    this.#gateway = gatewayName(credentials.baseUrl, credentials.projectId);
    this.#deliverer = createDeliverer({
      ...credentials,
      concurrency: settings.concurrency,
      connectTimeoutMs: settings['request-timeout'],
      clock,
    });
    const owners = guardedOwners({ ...this.#check, settings, calm: this.#calm });
    this.#relayer = new Relayer(
      {
        ...{ store, nextLeaseId: this.#slot.nextLeaseId, clock, log, random: Math.random, ...owners },
        deliver: this.#deliverer.deliver,
        ...{ onOutcome: this.#meters.delivered, onGateway: this.#meters.gatewayBecame },
        onLeasesLost: this.#meters.leasesWereLost,
      },
      { gateway: this.#gateway, ...loopOptions(settings) },
    );
  }

  /** Once the loop runs, nothing more is awaited: until `start` resolves, a signal ends the process at once. */
  async start(): Promise<void> {
    const { database, log } = this.#parts;
    const slot = this.#slot;
    const events = await takeOverOwnSlot(this.#takeover);
    const isKnown = await hasPassed(this.#check);
    if (isKnown) this.#allowSending();
    const stopWatching = database.watch(this.#relayer, log);
    this.#relayer.hold(slot.isLost);
    this.stopped = this.#relayer.run().finally(async () => {
      stopWatching();
      this.stop();
      await this.#deliverer.close();
      if (this.#failure === null) await recordStop(this.#recording);
      await database.close();
      await slot.release();
      if (this.#failure !== null) throw database.explained(this.#failure);
      log.info('relayer stopped');
    });
    log.info('relayer started', { database: database.name, gateway: this.#gateway, slot: slot.name });
    const checked = this.#checkGateway(isKnown);
    const parts = {
      ...{ ...this.#parts, ...this.#check, relayer: this.#relayer, checked },
      ...{ pid: thisProcess.pid, meters: this.#meters, slot, calm: this.#calm },
    };
    for (const task of [
      recordStart(this.#recording, events),
      checked,
      this.#lookAround(),
      this.#keepSlot(),
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
      clock: this.#parts.clock,
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
    const { store, clock, log } = this.#parts;
    return { store, clock, log, signal: this.#stopping.signal };
  }

  #lookAround(): Promise<void> {
    const { settings, database } = this.#parts;
    return lookAround({
      ...this.#takeover,
      ...{ relayer: this.#relayer, database, everyMs: settings['poll-interval'] },
    });
  }

  #keepSlot(): Promise<void> {
    return this.#slot.keep({
      ...this.#takeover,
      takeOver: () => takeOverOwnSlot(this.#takeover),
      allowClaims: meteredClaims(this.#relayer, this.#meters),
    });
  }

  get #recording() {
    return { ...this.#parts, slot: this.#slot };
  }

  get #takeover() {
    return { ...this.#background, slots: this.#parts.database.slots, slot: this.#slot };
  }

  get #check() {
    const { settings, credentials } = this.#parts;
    const access = { ...credentials, timeoutMs: settings['request-timeout'] };
    return { ...this.#background, access, gateway: this.#gateway };
  }
}
