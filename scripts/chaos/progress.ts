// What a person sees while it runs: one line that renews itself on a terminal, a plain line every few seconds elsewhere.

import { monotonicMs } from './record.ts';
import type { Stage } from './stage.ts';

const renewEveryMs = 250;
const plainEveryMs = 5_000;

export interface Output {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

export class Progress {
  readonly #output: Output;
  #timer: NodeJS.Timeout | null = null;
  #isLineOpen = false;

  constructor(output: Output) {
    this.#output = output;
  }

  /** Starts telling about the stage; `end` before its database is closed. */
  begin(stage: Stage): void {
    const startMs = monotonicMs();
    const isTerminal = this.#output.isTTY === true;
    this.#timer = setInterval(
      () => {
        const line = lineOf(stage, monotonicMs() - startMs);
        if (isTerminal) this.#renew(line);
        else this.say(line);
      },
      isTerminal ? renewEveryMs : plainEveryMs,
    );
  }

  /** One more line, below what was said. */
  say(text: string): void {
    if (this.#isLineOpen) this.#output.write('\n');
    this.#isLineOpen = false;
    this.#output.write(`${text}\n`);
  }

  /** Stops telling. Harmless to repeat. */
  end(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    if (this.#isLineOpen) this.#output.write('\r\u001b[K');
    this.#isLineOpen = false;
  }

  #renew(line: string): void {
    this.#output.write(`\r\u001b[K${line.slice(0, (this.#output.columns ?? 80) - 1)}`);
    this.#isLineOpen = true;
  }
}

function lineOf({ settings, facts, record, act }: Stage, elapsedMs: number): string {
  const { committed, processed, pending } = facts.counts();
  const seconds = (elapsedMs / 1_000).toFixed(0).padStart(3);
  const kills = settings.soak ? '' : `kills ${record.of('kill').length} of ${settings.kills}  `;
  return `${seconds} s  ${kills}committed ${committed}  processed ${processed}  pending ${pending}  ${act}`;
}
