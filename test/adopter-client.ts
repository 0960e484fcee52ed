// Another application that adopted the outbox: its own Prisma schema with a relation, its own generated client, our
// migration among its tables. Generated once per test file, into a temp folder.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, onTestFinished } from 'vitest';
import type { AdapterOptions } from '../apps/outbox/adapter-options.ts';
import type { OutboxTransaction } from '../apps/outbox/append.ts';
import { openOutboxClient, type RootClient } from '../apps/outbox/outbox-client.ts';
import { projectRoot, tempDirectory } from './helpers.ts';
import { schemaSql } from './outbox-database.ts';

const relations = `
model Customer {
  id     Int     @id @default(autoincrement())
  name   String  @unique
  visits Int     @default(0)
  orders Order[]
}
model Order {
  id         Int      @id @default(autoincrement())
  item       String
  customer   Customer @relation(fields: [customerId], references: [id])
  customerId Int
}
`;

const tables = `
CREATE TABLE "Customer" ("id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "name" TEXT NOT NULL, "visits" INTEGER NOT NULL DEFAULT 0);
CREATE UNIQUE INDEX "Customer_name_key" ON "Customer"("name");
CREATE TABLE "Order" ("id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "item" TEXT NOT NULL, "customerId" INTEGER NOT NULL,
  CONSTRAINT "Order_customerId_fkey" FOREIGN KEY ("customerId") REFERENCES "Customer" ("id") ON DELETE RESTRICT ON UPDATE CASCADE);
`;

export interface Customer {
  readonly id: number;
  readonly name: string;
  readonly visits: number;
}
type Call<Result> = (args: object) => Promise<Result>;

/** The part of the generated client that the tests use; what is generated at run time has no types to import. */
export interface AdopterTransaction extends Extract<OutboxTransaction, { event: unknown }> {
  readonly customer: {
    create: Call<Customer>;
    createMany: Call<{ count: number }>;
    findMany: Call<Customer[]>;
    findUnique: Call<Customer | null>;
    count: () => Promise<number>;
    upsert: Call<Customer>;
    update: Call<Customer>;
  };
  $queryRawUnsafe(sql: string, ...values: unknown[]): Promise<Record<string, unknown>[]>;
  $executeRawUnsafe(sql: string, ...values: unknown[]): Promise<number>;
}

export interface AdopterClient extends RootClient, Omit<AdopterTransaction, '$connect'> {
  $transaction<Result>(
    callback: (tx: AdopterTransaction) => Promise<Result>,
    options?: { timeout?: number; maxWait?: number },
  ): Promise<Result>;
  $transaction(calls: readonly Promise<unknown>[]): Promise<unknown[]>;
  $on(event: 'query', listener: (event: { readonly query: string }) => void): unknown;
  $extends(extension: object): AdopterClient;
}

type Constructor = new (options: object) => AdopterClient;

/** Generates the client and returns how to open one. Call it at the top of a test file. */
export async function adopter() {
  const folder = mkdtempSync(path.join(tmpdir(), 'outbox-adopter-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  generate(folder);
  const generated: { PrismaClient: Constructor } = await import(path.join(folder, 'client', 'client.ts'));
  const create = (adapter: unknown) =>
    new generated.PrismaClient({
      adapter,
      log: [{ emit: 'event', level: 'query' }],
      transactionOptions: { maxWait: 20_000 },
    });
  return {
    create,
    /** Opens a guarded client, disconnected when the test has finished. */
    async open(file: string, options: Partial<AdapterOptions> = {}): Promise<AdopterClient> {
      const client = await openOutboxClient({ url: file, ...options }, create);
      onTestFinished(async () => void (await client.$disconnect()));
      return client;
    },
  };
}

/** A new file with the adopter's tables and the outbox's. */
export function adopterFile(): string {
  const file = path.join(tempDirectory(), 'app.db');
  const connection = new Database(file);
  connection.pragma('journal_mode = WAL');
  connection.exec(`${tables}${schemaSql()}`);
  connection.close();
  return file;
}

function generate(folder: string): void {
  const schema = readFileSync(path.join(projectRoot, 'prisma', 'schema.prisma'), 'utf8')
    .replace('output          = "generated"', 'output = "client"')
    .replace(/model Invoice \{[\s\S]*?\n\}/, relations);
  writeFileSync(path.join(folder, 'schema.prisma'), schema);
  symlinkSync(path.join(projectRoot, 'node_modules'), path.join(folder, 'node_modules'));
  const prisma = path.join(projectRoot, 'node_modules', 'prisma', 'build', 'index.js');
  const args = [prisma, 'generate', '--no-hints', '--schema', path.join(folder, 'schema.prisma')];
  // Naming any executable keeps Prisma from downloading a schema engine that generating does not need.
  const env = {
    ...process.env,
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
  };
  const result = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', env });
  if (result.status !== 0) throw new Error(`prisma generate failed: ${result.stdout}${result.stderr}`);
}
