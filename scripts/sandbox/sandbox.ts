// Starts a sandbox: a local stand-in for Convoy's event API that keeps a record of what it accepted. It is not
// Convoy, and nothing it takes leaves this machine.
import { once } from 'node:events';
import type { Server } from 'node:http';
import { OutboxError } from '../../apps/outbox/outbox-error.ts';
import { assemble, type SandboxState } from './assembly.ts';
import { demoBusinesses, type Endpoint } from './endpoint.ts';
import { createEndpointBook } from './endpoint-book.ts';
import { type EndpointControls, endpointControls } from './endpoint-control.ts';
import type { FaultControls } from './fault-board.ts';
import type { LedgerQueries } from './ledger.ts';
import { type LedgerSink, openLedgerFile } from './ledger-file.ts';
import { ledgerLines } from './ledger-reader.ts';
import { SANDBOX_PROJECT_ID } from './project-book.ts';
import type { SandboxOptions } from './sandbox-options.ts';

/** A running sandbox. */
export interface Sandbox {
  /** Base URL of the API, ending in `/api`. */
  readonly url: string;
  /** Base URL of the control API, ending in `/_sandbox`. */
  readonly controlUrl: string;
  readonly port: number;
  readonly projectId: string;
  readonly apiKey: string;
  /** Those there were at the start. */
  readonly endpoints: readonly Endpoint[];
  /** Gives owners endpoints and takes them away. */
  readonly endpointControls: EndpointControls;
  readonly faults: FaultControls;
  readonly ledger: LedgerQueries;
  state(): SandboxState;
  /** Cuts all connections, forgets what was not delivered, closes the ledger. Can be called again. */
  close(): Promise<void>;
}

/**
 * Starts a sandbox and resolves when it listens. What an existing ledger file holds is known again at once:
 * repeats are told apart, but events that had not been delivered are not delivered any more, since payloads are not
 * in the ledger. Throws ERR_OUTBOX_CONFIG when the address is taken or the ledger cannot be opened.
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { ledgerFile, host = '127.0.0.1' } = options;
  const sink = ledgerFile === undefined ? null : openLedger(ledgerFile);
  const endpoints = createEndpointBook();
  let origin = '';
  const control = endpointControls(endpoints, () => origin);
  const { world, server, state, restore, close } = assemble({ options, sink, endpoints, control });
  let port: number;
  try {
    for (const line of ledgerFile === undefined ? [] : ledgerLines(ledgerFile))
      if (line !== null) restore(line);
    port = await listen(server, { port: options.port ?? 0, host });
  } catch (error) {
    await close();
    throw error;
  }
  origin = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  for (const business of options.businesses ?? demoBusinesses) control.add(business);
  return {
    url: `${origin}/api`,
    controlUrl: `${origin}/_sandbox`,
    port,
    projectId: SANDBOX_PROJECT_ID,
    apiKey: world.apiKey,
    endpoints: endpoints.list(),
    endpointControls: control,
    faults: world.faults,
    ledger: world.ledger,
    state,
    close,
  };
}

function openLedger(file: string): LedgerSink {
  try {
    return openLedgerFile(file);
  } catch (cause) {
    throw new OutboxError(
      'ERR_OUTBOX_CONFIG',
      `the ledger ${file} cannot be opened: give a file in a folder that exists and can be written`,
      { cause },
    );
  }
}

/** Resolves with the port. */
async function listen(
  server: Server,
  { port, host }: { readonly port: number; readonly host: string },
): Promise<number> {
  try {
    const listening = once(server, 'listening');
    server.listen(port, host);
    await listening;
  } catch (cause) {
    const isTaken = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE';
    throw new OutboxError(
      'ERR_OUTBOX_CONFIG',
      isTaken
        ? `port ${port} on ${host} is in use: stop the program that listens there, or choose another port (0 takes a free one)`
        : `cannot listen on ${host}, port ${port}`,
      { cause },
    );
  }
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}
