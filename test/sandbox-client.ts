// How the sandbox's tests talk to it: plain requests over real sockets, one connection each.
import { type IncomingHttpHeaders, request } from 'node:http';
import { onTestFinished } from 'vitest';
import type { LedgerLine } from '../scripts/sandbox/ledger-line.ts';
import { type Sandbox, startSandbox } from '../scripts/sandbox/sandbox.ts';
import type { SandboxOptions } from '../scripts/sandbox/sandbox-options.ts';

export const acme = '550e8400-e29b-41d4-a716-446655440000';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Call {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Gives up when this has resolved, with an error. */
  readonly until?: Promise<unknown>;
}

/** A sandbox that is quick to store and to deliver, closed when the test ends. */
export async function quickSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = await startSandbox({ storeDelayMs: 20, deliverDelayMs: 20, ...options });
  onTestFinished(() => sandbox.close());
  return sandbox;
}

/** One request on a connection of its own. Rejects with the error of the socket, which has a `code`. */
export function call(url: string, { method = 'GET', headers = {}, body = '', until }: Call = {}) {
  return new Promise<Answer>((resolve, reject) => {
    const outgoing = request(url, { method, headers: { ...headers }, agent: false });
    const giveUp = () => outgoing.destroy(Object.assign(new Error('given up'), { code: 'GIVEN_UP' }));
    until?.then(giveUp, reject);
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const { statusCode: status = 0, headers: received } = response;
        resolve({ status, headers: received, text: Buffer.concat(chunks).toString() });
      });
    });
    outgoing.end(body);
  });
}

/** The code of the error that `promise` rejects with; fails the test when it does not. */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  const outcome = await promise.then(
    (value) => `resolved with ${JSON.stringify(value)}`,
    (error: unknown) => error,
  );
  return outcome instanceof Error && 'code' in outcome ? outcome.code : outcome;
}

/** An event with a key; the fields given replace those of an ordinary one. */
export function eventBody(key: string, fields: Readonly<Record<string, unknown>> = {}): string {
  const data = { event_type: 'invoice.created', data: { id: key, amount: 1250 } };
  return JSON.stringify({
    owner_id: acme,
    event_type: 'invoice.created',
    idempotency_key: key,
    data,
    ...fields,
  });
}

/** Posts a raw body as a client that does everything right. */
export function post(sandbox: Sandbox, body: string | Buffer, given: Call = {}): Promise<Answer> {
  const headers = {
    Authorization: `Bearer ${sandbox.apiKey}`,
    'Content-Type': 'application/json',
    ...given.headers,
  };
  return call(`${sandbox.url}/v1/projects/${sandbox.projectId}/events/fanout`, {
    method: 'POST',
    ...given,
    body,
    headers,
  });
}

/** The ledger's lines, but for those that tell of a late answer: whether there are any depends on the machine. */
export function linesOf(sandbox: Sandbox): readonly LedgerLine[] {
  return sandbox.ledger.recent().filter((line) => line.kind !== 'fault' || line.fault !== 'late-answer');
}

/** The ledger in short: `accepted:<answer>` and `fault:<name>`, in order. */
export function story(sandbox: Sandbox): string[] {
  return linesOf(sandbox).map((line) =>
    line.kind === 'accepted' ? `accepted:${line.answer}` : `fault:${line.fault}`,
  );
}
