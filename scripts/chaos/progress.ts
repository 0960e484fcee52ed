// What a person sees while it runs: one line that renews itself on a terminal, a plain line every few seconds elsewhere, both with the
// time left.
import { spanText } from '../outbox/wording.ts';
import { type Output, ProgressLine } from '../progress-line.ts';
import { denseGapMs } from './config.ts';
import { monotonicMs } from './record.ts';
import type { Stage } from './stage.ts';

const renewEveryMs = 250;
const plainEveryMs = 5_000;

export class Progress {
  readonly #line: ProgressLine;
  #timer: NodeJS.Timeout | null = null;
  #isTelling = false;

  constructor(output: Output) {
    this.#line = new ProgressLine(output);
  }

  /** Starts telling about the stage; `end` before its database is closed. */
  begin(stage: Stage): void {
    const startMs = monotonicMs();
    const { isTerminal } = this.#line;
    this.#isTelling = false;
    this.#timer = setInterval(
      () => {
        void this.#tell(stage, monotonicMs() - startMs);
      },
      isTerminal ? renewEveryMs : plainEveryMs,
    );
  }

  /** A database that is away is said nothing about. */
  async #tell(stage: Stage, elapsedMs: number): Promise<void> {
    if (this.#isTelling) return;
    this.#isTelling = true;
    const line = await lineOf(stage, elapsedMs).catch(() => null);
    this.#isTelling = false;
    if (line === null || this.#timer === null) return;
    if (this.#line.isTerminal) this.#line.renew(line);
    else this.#line.say(line);
  }

  /** One more line, below what was said. */
  say(text: string): void {
    this.#line.say(text);
  }

  /** Stops telling. Harmless to repeat. */
  end(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#line.end();
  }
}

async function lineOf({ settings, facts, record, act }: Stage, elapsedMs: number): Promise<string> {
  const { committed, processed, pending } = await facts.counts();
  const seconds = (elapsedMs / 1_000).toFixed(0).padStart(3);
  const killed = record.of('kill').length;
  const kills = settings.soak ? '' : `kills ${killed} of ${settings.kills}  `;
  const leftMs = troubleLeftMs({ ...settings, killed, elapsedMs });
  const left = leftMs === 0 ? 'ending' : `${spanText(leftMs)} left`;
  return `${seconds} s, ${left}  ${kills}committed ${committed}  processed ${processed}  pending ${pending}  ${act}`;
}

/**
 * Until trouble is over: the time that was asked for, unless the kills take longer, which are made up for as densely as a machine
 * bears; and past that time what they take at the pace so far. In whole seconds.
 */
export function troubleLeftMs(run: {
  readonly durationMs: number;
  readonly kills: number;
  readonly killed: number;
  readonly elapsedMs: number;
}): number {
  const { durationMs, kills, killed, elapsedMs } = run;
  const isOverdue = elapsedMs > durationMs && killed > 0;
  const eachMs = isOverdue ? elapsedMs / killed : denseGapMs;
  const byKills = eachMs * Math.max(0, kills - killed);
  return Math.ceil(Math.max(durationMs - elapsedMs, byKills, 0) / 1_000) * 1_000;
}
