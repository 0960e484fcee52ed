// Where Prisma's command line finds the schema, the migrations and the database.
import { existsSync } from 'node:fs';
import process from 'node:process';
import { defineConfig } from 'prisma/config';

if (existsSync('.env')) process.loadEnvFile();

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env.DATABASE_URL ?? 'file:./orders.db' },
});
