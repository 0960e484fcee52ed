// Prisma's own configuration for PostgreSQL, for its command line alone: `npx prisma migrate status --config
// prisma/postgres/prisma.config.ts`. The applications do not read it; they resolve DATABASE_URL themselves.
import { defineConfig } from 'prisma/config';

export default defineConfig({
  schema: 'schema.prisma',
  migrations: { path: 'migrations' },
  datasource: { url: process.env.DATABASE_URL ?? 'postgresql://localhost:5432/events' },
});
