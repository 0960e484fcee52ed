// Prisma's own configuration: where the schema and the migrations are. The applications do not read it; they
// resolve DATABASE_URL themselves (apps/outbox/environment.ts), so that every process means the same file.
import { defineConfig } from 'prisma/config';

export default defineConfig({
  schema: 'schema.prisma',
  migrations: { path: 'migrations' },
  datasource: { url: process.env.DATABASE_URL ?? 'file:./events.db' },
});
