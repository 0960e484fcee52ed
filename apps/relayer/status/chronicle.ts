// What has happened, as the page tells it: relayers, starts and what came of them, pauses of the gateway, the newest lines of the
// record, dead events by reason. Read from the database, line by line as lines come; it survives every process.
import type { Clock } from '../../outbox/clock.ts';
import type { DeadReason, LiveVerbs, NumberedRecord } from '../../outbox/live-verbs.ts';
import type { RelayerSlots } from '../../outbox/relayer-slot.ts';
import { type Afterwards, afterwardsOf } from './afterwards.ts';
import { type RecordLine, recordLine } from './record-line.ts';
import { type Pause, type RelayerLife, type Start, type Story, storyOf } from './story.ts';

/** How fast deliveries went on after a start; null where nothing was accepted. */
export interface Recovery {
  /** From the start to the next acceptance by anybody. */
  readonly backAfterMs: number | null;
  /** From the last acceptance before the start to the next one. */
  readonly silenceMs: number | null;
}

export interface Chronicle extends Afterwards {
  readonly relayers: readonly (RelayerLife & { readonly isAlive: boolean })[];
  /** Newest first. */
  readonly starts: readonly (Start & Recovery)[];
  /** Newest first. */
  readonly pauses: readonly Pause[];
  /** Newest first. */
  readonly lines: readonly RecordLine[];
  readonly dead: readonly DeadReason[];
  /** Relayers that died within the last ten minutes. */
  readonly deaths: number;
}

const linesKept = 1_000;
const shown = { starts: 12, pauses: 20, lines: 40 } as const;
const lookEveryMs = 5_000;
const deathsWithinMs = 600_000;
/** Slots that nobody used for so long are history. */
const forgottenAfterMs = 7 * 86_400_000;

export interface ChroniclerParts {
  readonly store: LiveVerbs;
  readonly clock: Clock;
  /** Those of the slots in which a relayer lives. */
  readonly alive: RelayerSlots['alive'];
}

export class Chronicler {
  readonly #parts: ChroniclerParts;
  readonly #recoveries = new Map<number, Recovery>();
  #record: NumberedRecord[] = [];
  #story: Story = storyOf([]);
  #dead: readonly DeadReason[] = [];
  #alive: ReadonlySet<string> = new Set();
  #lookAgainAtMs = 0;
  #deadSeen = -1;

  constructor(parts: ChroniclerParts) {
    this.#parts = parts;
  }

  /** `deadEvents` is their number at this moment: their reasons are read again when it changes. */
  async read(deadEvents: number): Promise<Chronicle> {
    const { store, clock } = this.#parts;
    const nowMs = clock.nowMs();
    const news = await store.recordAfter({ afterId: this.#record.at(-1)?.id ?? 0, limit: linesKept });
    if (news.length > 0) {
      this.#record = [...this.#record, ...news].slice(-linesKept);
      this.#story = storyOf(this.#record);
    }
    const { relayers, starts, pauses } = this.#story;
    await this.#lookAround(deadEvents, news.length > 0);
    return {
      relayers: relayers
        .map((life) => ({ ...life, isAlive: this.#alive.has(life.slot) }))
        .filter(({ isAlive, startedAtMs }) => isAlive || nowMs - startedAtMs < forgottenAfterMs),
      starts: await this.#withRecoveries(starts.slice(-shown.starts).reverse()),
      pauses: pauses.slice(-shown.pauses).reverse(),
      lines: this.#record.slice(-shown.lines).reverse().map(recordLine),
      dead: this.#dead,
      ...afterwardsOf(this.#record),
      deaths: starts.filter(({ cause, atMs }) => cause === 'death' && nowMs - atMs < deathsWithinMs).length,
    };
  }

  /** What costs more than a look at the record: every few seconds, and when something has changed. */
  async #lookAround(deadEvents: number, hasNews: boolean): Promise<void> {
    const { store, clock, alive } = this.#parts;
    const isTime = clock.monotonicMs() >= this.#lookAgainAtMs;
    if (isTime || deadEvents !== this.#deadSeen) this.#dead = await store.deadReasons();
    this.#deadSeen = deadEvents;
    if (!isTime && !hasNews) return;
    this.#lookAgainAtMs = clock.monotonicMs() + lookEveryMs;
    const running = this.#story.relayers.filter(({ stoppedAtMs }) => stoppedAtMs === null);
    this.#alive = new Set(await alive(running.map(({ slot }) => slot)));
  }

  async #withRecoveries(starts: readonly Start[]): Promise<(Start & Recovery)[]> {
    const told: (Start & Recovery)[] = [];
    for (const start of starts) told.push({ ...start, ...(await this.#recoveryOf(start)) });
    return told;
  }

  async #recoveryOf({ id, atMs }: Start): Promise<Recovery> {
    const known = this.#recoveries.get(id);
    if (known !== undefined) return known;
    const { beforeMs, fromMs } = await this.#parts.store.acceptancesAround(atMs);
    const recovery = {
      backAfterMs: fromMs === null ? null : fromMs - atMs,
      silenceMs: fromMs === null || beforeMs === null ? null : fromMs - beforeMs,
    };
    if (fromMs !== null) this.#recoveries.set(id, recovery);
    return recovery;
  }
}
