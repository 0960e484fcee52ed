// Before all tests: a database under a random name on the server that TEST_POSTGRES_URL names, dropped after them.
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    postgresUrl: string | null;
  }
}

/** Creates the database; returns what drops it. Throws when the server is named but cannot be used. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const serverUrl = process.env.TEST_POSTGRES_URL || null;
  if (serverUrl === null) {
    project.provide('postgresUrl', null);
    console.log('TEST_POSTGRES_URL is not set: the tests on PostgreSQL are skipped');
    return undefined;
  }
  const name = `outbox_test_${randomBytes(6).toString('hex')}`;
  await onServer(serverUrl, `CREATE DATABASE ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  project.provide('postgresUrl', url.href);
  return () => onServer(serverUrl, `DROP DATABASE ${name} WITH (FORCE)`);
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
