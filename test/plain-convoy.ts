// Convoy in a few lines, for a relayer in a process of its own: it names the project and takes events. It knows nothing else.
import path from 'node:path';
import { projectRoot, type SpawnedNode, spawnNode } from './helpers.ts';
import { type Answer, type ReceivedRequest, startReplyServer } from './reply-server.ts';

export interface PlainConvoy {
  readonly url: string;
  readonly requests: readonly ReceivedRequest[];
  /** What comes of an event; by default it is accepted. */
  answer: Answer;
}

const json = { 'content-type': 'application/json' };

/** The answer to an event that is taken. */
export const accept: Answer = (response) => {
  response.writeHead(201, json).end('{"status":true,"message":"ok","data":null}\n');
};

/** Starts it; it ends when the test has finished. */
export async function startPlainConvoy(): Promise<PlainConvoy> {
  const server = await startReplyServer((response, request) => {
    if (request.method === 'POST') return convoy.answer(response, request);
    response.writeHead(200, json).end('{"status":true,"message":"ok","data":{"uid":"P1"}}\n');
  });
  const convoy: PlainConvoy = { url: server.url, requests: server.requests, answer: accept };
  return convoy;
}

/** Keys of the events that Convoy was sent, in order. */
export function keysAt(convoy: PlainConvoy): string[] {
  const posts = convoy.requests.filter(({ method }) => method === 'POST');
  return posts.map(({ body }) => JSON.parse(body).idempotency_key);
}

/** What a relayer is told of it. Nobody polls within a test: whatever is delivered was woken for, or taken over. */
export function variablesFor(convoy: PlainConvoy): Record<string, string> {
  return {
    CONVOY_BASE_URL: convoy.url,
    CONVOY_API_KEY: 'CO.secret-key',
    CONVOY_PROJECT_ID: 'P1',
    RELAYER_POLL_INTERVAL: '1h',
    // This Convoy knows one question only.
    RELAYER_OWNER_GUARD: 'no',
  };
}

/** The built relayer, with these variables and none of the caller's. */
export function startBuiltRelayer(
  variables: Record<string, string>,
  args: readonly string[] = [],
): SpawnedNode {
  return spawnNode(path.join(projectRoot, 'build/relayer/main.js'), args, {
    env: { PATH: process.env.PATH ?? '', OUTBOX_ENV_FILE: '/dev/null', ...variables },
  });
}
