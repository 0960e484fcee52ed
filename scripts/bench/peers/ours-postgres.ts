// This project's relayer once more, on the server of the peers that work on PostgreSQL: the comparison on one engine.
import type { Bench } from '../bench.ts';
import { createPostgresStock } from '../stock-postgres.ts';
import type { Contestant } from './contestant.ts';
import { createOurs } from './ours.ts';
import { serverUrl } from './server-address.ts';

export interface OursOnPostgres {
  readonly contestant: Contestant;
  /** For the report. */
  readonly about: { readonly writer: string; readonly database: string };
  /** Ends its processes and drops its database. */
  end(): Promise<void>;
}

/** Null when the server does not let it; its peers are then left out as well, with the reason. */
export async function oursOnPostgres({
  ground,
  relayer,
  say,
  signal,
}: Pick<Bench, 'ground' | 'relayer' | 'say' | 'signal'>): Promise<OursOnPostgres | null> {
  try {
    const url = serverUrl('PostgreSQL', process.env);
    const stock = await createPostgresStock(ground, { serverUrl: url, relayer, signal });
    const { versions, pragmas } = await stock.about();
    const contestant = createOurs(
      { ground, relayer },
      { name: 'ours-postgres', label: 'ours, PostgreSQL', stock },
    );
    return {
      contestant,
      about: {
        writer: 'the relayer commits with synchronous_commit=off, the writer with on',
        database: `PostgreSQL ${versions.postgres}, ${pragmas.server}`,
      },
      async end() {
        await contestant.end();
        await stock.end();
      },
    };
  } catch (error) {
    say(`ours, PostgreSQL, is left out: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}
