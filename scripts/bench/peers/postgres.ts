// What the peers on PostgreSQL share: a connection through the driver that they bring, and a look at what the server itself costs.
import { load } from './installed.ts';
import type { PeerStore, Place } from './peer.ts';
import { serverUsage } from './server-usage.ts';

export type Row = Readonly<Record<string, unknown>>;

/** As much of the driver as is used here. */
export interface Pg {
  readonly Client: new (options: {
    connectionString: string;
  }) => {
    connect(): Promise<void>;
    query(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly Row[] }>;
    end(): Promise<void>;
    on(event: 'error', listener: (error: Error) => void): void;
  };
}

export async function openPostgres({ modules, database }: Place): Promise<
  Pick<PeerStore, 'serverCpuMs' | 'about'> & {
    readonly rows: (text: string, values?: readonly unknown[]) => Promise<readonly Row[]>;
  }
> {
  const { default: pg } = await load<{ readonly default: Pg }>(modules, 'pg');
  const client = new pg.Client({ connectionString: database });
  client.on('error', (error) => console.error(error));
  await client.connect();
  const rows = async (text: string, values?: readonly unknown[]) => (await client.query(text, values)).rows;
  const setting = async (name: string) => {
    const [row] = await rows('SELECT current_setting($1) AS value', [name]);
    return String(row?.value);
  };
  // The same process id elsewhere would be somebody else's.
  const isHere = ['', 'localhost', '127.0.0.1', '[::1]'].includes(new URL(database).hostname);
  const [backend] = await rows('SELECT pg_backend_pid() AS pid');
  return {
    rows,
    serverCpuMs: async () => (isHere ? serverUsage(Number(backend?.pid), 'postgres') : null),
    async about() {
      const names = ['fsync', 'synchronous_commit', 'shared_buffers'];
      const values = await Promise.all(names.map(async (name) => `${name}=${await setting(name)}`));
      return `PostgreSQL ${(await setting('server_version')).split(' ')[0]}, ${values.join(' ')}`;
    },
  };
}
