// Lines about long work: on a terminal the last one renews itself, elsewhere every line stays. It knows no work.

export interface Output {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

export class ProgressLine {
  readonly #output: Output;
  #isLineOpen = false;

  constructor(output: Output) {
    this.#output = output;
  }

  get isTerminal(): boolean {
    return this.#output.isTTY === true;
  }

  /** Writes over the last line, on a terminal only. */
  renew(line: string): void {
    if (!this.isTerminal) return;
    this.#output.write(`\r\u001b[K${line.slice(0, (this.#output.columns ?? 80) - 1)}`);
    this.#isLineOpen = true;
  }

  /** One more line that stays; what was renewed last is gone. */
  say(text: string): void {
    this.end();
    this.#output.write(`${text}\n`);
  }

  /** Removes the line that was renewed. Harmless to repeat. */
  end(): void {
    if (this.#isLineOpen) this.#output.write('\r\u001b[K');
    this.#isLineOpen = false;
  }
}
