// The example application with a calendar: a table `events` and a model `Event` of its own, so that the outbox must go by
// other names. Made of the example by the steps of docs/adopting.md, "A table called events".
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { buildService } from './adopted-service.ts';
import type { PackedApp } from './packed.ts';

const model = 'model Event {\n  id    Int    @id\n  title String\n\n  @@map("events")\n}\n';
const table = 'CREATE TABLE "events" ("id" INTEGER NOT NULL PRIMARY KEY, "title" TEXT NOT NULL);\n';

/** What `outbox schema` and `outbox sql` print, without and with OUTBOX_TABLE. */
export interface Printed {
  readonly own: string;
  readonly renamed: string;
  readonly sql: string;
}

/** Makes, generates and compiles it; returns its folder, inside that of the example. */
export function calendarOf(app: PackedApp, { own, renamed, sql }: Printed): string {
  const folder = path.join(app.folder, 'calendar');
  for (const part of ['package.json', 'tsconfig.json', 'prisma.config.ts', 'prisma', 'src'])
    cpSync(path.join(app.folder, part), path.join(folder, part), { recursive: true });
  const edit = (name: string, change: (text: string) => string) => {
    const file = path.join(folder, 'prisma', name);
    writeFileSync(file, change(readFileSync(file, 'utf8')));
  };
  edit('schema.prisma', (text) => text.replace(own, `${model}\n${renamed}`));
  edit('migrations/20260301000000_orders/migration.sql', (text) => text + table);
  edit('migrations/20260301000100_outbox/migration.sql', () => sql);
  buildService(app, folder);
  return folder;
}
