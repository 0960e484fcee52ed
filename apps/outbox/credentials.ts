// Which Convoy to talk to, and as whom: the key from a setting or a file, and a clear word when something is missing.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { commandName } from './command-name.ts';
import type { Settings } from './config.ts';
import type { convoyFlags } from './convoy-settings.ts';
import { defaultBaseUrl } from './convoy-url.ts';
import { isInstalled } from './environment.ts';
import { OutboxError } from './outbox-error.ts';
import { sandboxApiKey, sandboxProjectId } from './sandbox-name.ts';

/** The settings that this file reads. */
export type ConvoySettings = Settings<typeof convoyFlags>;

export interface Credentials {
  /** Ends in `/api`. */
  readonly baseUrl: string;
  readonly projectId: string;
  readonly apiKey: string;
}

const howToGet =
  'Create a project in Convoy (getconvoy.io, or your own), copy its id and its API key into .env as CONVOY_PROJECT_ID and ' +
  `CONVOY_API_KEY; docs/convoy.md has the steps. To try without an account: ${
    isInstalled ? `${commandName.sandbox}, and RELAYER_SANDBOX_URL=http://127.0.0.1:5055/api` : 'npm start'
  }.`;

/**
 * Convoy as configured or, while no setting names any Convoy, the sandbox if there is one. A relative path is resolved
 * against `root`; `without` says what cannot be done when something is missing. Throws ERR_OUTBOX_CONFIG that names what is missing or unsafe, and what to do.
 */
export function credentialsOf(
  settings: ConvoySettings,
  root: string,
  { without = 'the relayer cannot deliver' }: { readonly without?: string } = {},
): Credentials {
  const givenUrl = settings['convoy-base-url'];
  const apiKey = keyOf(settings, root);
  const projectId = settings['convoy-project-id'];
  const sandboxUrl = settings['sandbox-url'];
  if (apiKey === undefined && projectId === undefined && givenUrl === undefined && sandboxUrl !== undefined) {
    return safe({ baseUrl: sandboxUrl, projectId: sandboxProjectId, apiKey: sandboxApiKey }, settings);
  }
  if (apiKey === undefined || projectId === undefined) {
    const missing = [
      apiKey === undefined ? 'CONVOY_API_KEY' : '',
      projectId === undefined ? 'CONVOY_PROJECT_ID' : '',
    ];
    const names = missing.filter((name) => name !== '').join(' and ');
    throw new OutboxError('ERR_OUTBOX_CONFIG', `${names} not set: ${without}. ${howToGet}`);
  }
  return safe({ baseUrl: givenUrl ?? `${defaultBaseUrl}/api`, projectId, apiKey }, settings);
}

/** The key must not travel unencrypted to another host, unless that is what somebody wants. Throws ERR_OUTBOX_CONFIG. */
export function safe<Access extends Pick<Credentials, 'baseUrl'>>(
  credentials: Access,
  settings: ConvoySettings,
): Access {
  const url = new URL(credentials.baseUrl);
  const isLoopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (url.protocol === 'https:' || isLoopback || settings['allow-plain-http'] === 'yes') return credentials;
  throw new OutboxError(
    'ERR_OUTBOX_CONFIG',
    `--convoy-base-url: expected https, got ${url.origin}: the key would travel unencrypted. CONVOY_ALLOW_PLAIN_HTTP=yes allows it.`,
  );
}

function keyOf(settings: ConvoySettings, root: string): string | undefined {
  const key = settings['convoy-api-key'];
  const file = settings['convoy-api-key-file'];
  if (file === undefined) return key;
  if (key === undefined) return keyIn(path.resolve(root, file));
  throw new OutboxError(
    'ERR_OUTBOX_CONFIG',
    'CONVOY_API_KEY and CONVOY_API_KEY_FILE are both set, and may differ: keep one of them.',
  );
}

function keyIn(file: string): string {
  let content: string;
  try {
    content = readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new OutboxError('ERR_OUTBOX_CONFIG', `CONVOY_API_KEY_FILE: ${file} cannot be read`, { cause });
  }
  if (content !== '' && /^[\x21-\x7e]+$/.test(content)) return content;
  throw new OutboxError(
    'ERR_OUTBOX_CONFIG',
    `CONVOY_API_KEY_FILE: expected one key and nothing else in ${file}`,
  );
}
