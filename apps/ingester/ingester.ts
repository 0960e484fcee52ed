// The loop: one invoice per interval, whatever the database does meanwhile. It owns no process and opens nothing.
import { type Clock, sleep } from '../outbox/clock.ts';
import { crashPoint } from '../outbox/crash-point.ts';
import { FewLines } from '../outbox/few-lines.ts';
import type { Log } from '../outbox/log.ts';
import { OutboxError } from '../outbox/outbox-error.ts';
import { saysCorrupt, shortReason } from '../outbox/prisma-error.ts';
import type { FileIdentity } from '../outbox/sqlite/file-identity.ts';
import type { Invoice } from './generate.ts';
import type { Recorded } from './record.ts';
import { nextTickMs } from './schedule.ts';
import { Trouble } from './trouble.ts';

export interface IngesterParts {
  readonly generate: () => Invoice;
  /** Commits the invoice with its event, or throws and leaves nothing. */
  readonly record: (invoice: Invoice) => Promise<Recorded>;
  /** Called with each invoice id once its COMMIT has returned. */
  readonly journal: (invoiceId: string) => void;
  readonly identity: Pick<FileIdentity, 'assertSame'>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface IngesterOptions {
  readonly intervalMs: number;
  /** Recorded invoices after which to stop; undefined for never. */
  readonly count: number | undefined;
  /** Of the pauses between two tries of a database that takes nothing, the longest. Default 5 s. */
  readonly longestPauseMs?: number | undefined;
}

/** How often to look whether the database file is still the one that is open. */
const identityCheckMs = 1_000;

export class Ingester {
  readonly #parts: IngesterParts;
  readonly #options: IngesterOptions;
  readonly #recording: Trouble;
  readonly #journalling: Trouble;
  readonly #lines: FewLines;
  readonly #stopping = new AbortController();

  constructor(parts: IngesterParts, options: IngesterOptions) {
    const { clock, log } = parts;
    this.#parts = parts;
    this.#options = options;
    this.#recording = new Trouble({
      clock,
      log,
      began: 'invoice not recorded, nothing was written, trying on',
      ended: 'invoices are recorded again',
      longestPauseMs: options.longestPauseMs,
    });
    this.#journalling = new Trouble({
      clock,
      log,
      began: 'journal not written, going on without',
      ended: 'journal is written again',
    });
    this.#lines = new FewLines({
      clock,
      log,
      summarize: (invoices) => log.info('more invoices recorded', { invoices }),
    });
  }

  /**
   * Records invoices, the first one at once, until stopped or until the count is reached. Rejects with
   * ERR_OUTBOX_DATABASE_REPLACED or ERR_OUTBOX_DATABASE_CORRUPT; outlives every other trouble.
   */
  async run(): Promise<void> {
    await this.#recordAll().finally(() => this.#lines.flush());
  }

  /** Lets the transaction under way finish and begins no other. Harmless to repeat. */
  stop(): void {
    this.#stopping.abort();
  }

  async #recordAll(): Promise<void> {
    const { clock } = this.#parts;
    const { intervalMs, count } = this.#options;
    const startMs = clock.monotonicMs();
    let recorded = 0;
    while (!this.#stopping.signal.aborted) {
      this.#parts.identity.assertSame();
      if (await this.#recordOne()) recorded += 1;
      if (recorded === count) return;
      const nowMs = clock.monotonicMs();
      const dueMs = nextTickMs({ startMs, intervalMs, nowMs });
      await this.#waitUntil(Math.max(dueMs, nowMs + this.#recording.pauseMs));
    }
  }

  async #recordOne(): Promise<boolean> {
    const { generate, record, log } = this.#parts;
    const invoice = generate();
    try {
      const { eventId } = await record(invoice);
      crashPoint('ingester:before-journal');
      this.#recording.succeeded();
      this.#journal(invoice.id);
      if (this.#lines.admit()) log.info('invoice recorded', { ...fieldsOf(invoice), event: eventId });
      return true;
    } catch (error) {
      if (saysCorrupt(error)) throw corrupt(error);
      this.#recording.failed(shortReason(error));
      return false;
    }
  }

  /** A journal that cannot be written misses lines; it never holds one that was not committed. */
  #journal(invoiceId: string): void {
    try {
      this.#parts.journal(invoiceId);
      this.#journalling.succeeded();
    } catch (error) {
      this.#journalling.failed(shortReason(error));
    }
  }

  async #waitUntil(dueMs: number): Promise<void> {
    const { clock, identity } = this.#parts;
    const { signal } = this.#stopping;
    for (;;) {
      const leftMs = dueMs - clock.monotonicMs();
      if (leftMs <= 0 || signal.aborted) return;
      await sleep(clock, Math.min(leftMs, identityCheckMs), signal);
      if (!signal.aborted) identity.assertSame();
    }
  }
}

/** The business by its id, as the relayer names it, and by its name. */
function fieldsOf({ id, business, amountMinor, currency }: Invoice) {
  return {
    ...{ invoice: id, business: business.id, business_name: business.name },
    ...{ amount: (amountMinor / 100).toFixed(2), currency },
  };
}

function corrupt(cause: unknown): OutboxError {
  return new OutboxError(
    'ERR_OUTBOX_DATABASE_CORRUPT',
    'the database is damaged: stop both applications, keep the file and its -wal, and restore a backup',
    { cause },
  );
}
