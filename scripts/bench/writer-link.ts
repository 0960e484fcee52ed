// The benchmark's side of its writer process.
import type { Way } from './application.ts';
import { type ChildAnswer, ChildLink, type ChildOptions } from './child-link.ts';

/** What a writer can be told to do. */
export type WriterTask = { readonly id: number } & (
  | { readonly kind: 'burst'; readonly count: number }
  | { readonly kind: 'trickle'; readonly count: number; readonly everyMs: number }
);

export type WriterAnswer = ChildAnswer;

/** One transaction of the writer. */
export interface Commit {
  /** The ids of its events, which are their idempotency keys. */
  readonly keys: readonly string[];
  /** Just before BEGIN and just after COMMIT returned, ms of the system-wide monotonic clock. */
  readonly beganMs: number;
  readonly committedMs: number;
  /** The latter as epoch ms. */
  readonly committedAtMs: number;
}

export interface WriterLink {
  /** So many events in one transaction. */
  burst(count: number): Promise<Commit>;
  /** So many transactions of one event each, one every `everyMs`. */
  trickle(count: number, everyMs: number): Promise<readonly Commit[]>;
  end(): Promise<void>;
}

/** Starts a writer on a database that has the tables. It writes by prepared statements, unless told another way. */
export async function startWriter(
  options: Omit<ChildOptions, 'script' | 'args'> & { readonly database: string; readonly way?: Way },
): Promise<WriterLink> {
  const { database, way = 'statements' } = options;
  const link = new ChildLink({
    ...options,
    script: 'scripts/bench/writer-main.js',
    args: [database, way],
  });
  await link.ready();
  const ask = (
    task: Omit<Extract<WriterTask, { kind: 'trickle' }>, 'id'> | { kind: 'burst'; count: number },
  ) => link.ask<readonly Commit[]>(task);
  return {
    async burst(count) {
      const [commit] = await ask({ kind: 'burst', count });
      if (commit === undefined) throw new Error('a writer that commits nothing');
      return commit;
    },
    trickle: (count, everyMs) => ask({ kind: 'trickle', count, everyMs }),
    end: () => link.end(),
  };
}
