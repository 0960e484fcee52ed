// What the charts show: what the page has seen, and before that what the database remembers. It survives the loss of the
// connection; a gap is filled with what the next relayer knows of it.

/** @typedef {import('../moment.ts').Moment} Moment */
/** @typedef {import('../past.ts').PastInterval} PastInterval */

const keptSeconds = 3_600;

/** One column per line of the charts, all of one length; times in epoch seconds. */
export class History {
  /** @type {number[]} */ times = [];
  /** @type {(number | null)[]} */ appended = [];
  /** @type {(number | null)[]} */ accepted = [];
  /** @type {(number | null)[]} */ pending = [];
  /** @type {(number | null)[]} */ p50 = [];
  /** @type {(number | null)[]} */ p99 = [];
  /** Intervals that wait for a moment to reckon from. @type {readonly PastInterval[]} */
  #past = [];

  /** @param {readonly PastInterval[]} intervals */
  addPast(intervals) {
    this.#past = intervals;
    if (this.times.length > 0) this.#insertPast();
  }

  /** @param {Moment} moment */
  add(moment) {
    const at = moment.atMs / 1_000;
    // A clock that was set back would tie the lines in knots.
    if (at <= (this.times.at(-1) ?? 0)) return;
    this.times.push(at);
    this.appended.push(moment.appendedRate);
    this.accepted.push(moment.acceptedRate);
    this.pending.push(moment.pending.events);
    this.p50.push(moment.p50Ms);
    this.p99.push(moment.p99Ms);
    if (this.#past.length > 0) this.#insertPast();
    const keep = this.times.findIndex((time) => time > at - keptSeconds);
    if (keep > 0) for (const column of this.#columns) column.splice(0, keep);
  }

  /** The backlog of the past is not recorded anywhere: it is reckoned backwards from what came and what went. */
  #insertPast() {
    const first = this.#past[0]?.atMs ?? 0;
    // Where the page was away: after its last moment before the gap.
    const index = this.times.findIndex((time) => time * 1_000 > first);
    const before = index <= 0 ? 0 : (this.times[index - 1] ?? 0);
    const after = index < 0 ? Number.POSITIVE_INFINITY : (this.times[index] ?? 0);
    const fitting = this.#past.filter(({ atMs }) => atMs / 1_000 > before && atMs / 1_000 < after);
    this.#past = [];
    const at = index < 0 ? this.times.length : index;
    let pending = this.pending[at] ?? this.pending.at(-1) ?? null;
    /** @type {(number | null)[]} */
    const backlog = [];
    for (const { appendedRate, acceptedRate } of fitting.toReversed()) {
      backlog.unshift(pending);
      if (pending === null || appendedRate === null || acceptedRate === null) pending = null;
      else pending = Math.max(0, pending - (appendedRate - acceptedRate) * 5);
    }
    this.times.splice(at, 0, ...fitting.map(({ atMs }) => atMs / 1_000));
    this.appended.splice(at, 0, ...fitting.map(({ appendedRate }) => appendedRate));
    this.accepted.splice(at, 0, ...fitting.map(({ acceptedRate }) => acceptedRate));
    this.pending.splice(at, 0, ...backlog);
    this.p50.splice(at, 0, ...fitting.map(({ p50Ms }) => p50Ms));
    this.p99.splice(at, 0, ...fitting.map(({ p99Ms }) => p99Ms));
  }

  get #columns() {
    return [this.times, this.appended, this.accepted, this.pending, this.p50, this.p99];
  }
}
