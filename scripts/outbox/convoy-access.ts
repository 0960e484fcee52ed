// Which Convoy a command asks, and as whom: what the relayer would take, or the sandbox that this database has delivered to
// last while nothing names a Convoy.

import { settingsOf } from '../../apps/outbox/config.ts';
import type { ConvoyAccess } from '../../apps/outbox/convoy.ts';
import { convoyFlags } from '../../apps/outbox/convoy-settings.ts';
import { gatewayName } from '../../apps/outbox/convoy-url.ts';
import { credentialsOf } from '../../apps/outbox/credentials.ts';
import { isSandbox, sandboxApiKey, sandboxProjectId } from '../../apps/outbox/sandbox-name.ts';
import type { OpenOutbox } from './open-outbox.ts';

/** A person waits for these answers. */
const timeoutMs = 15_000;

export interface Gateway {
  readonly access: ConvoyAccess;
  /** Its name in the database. */
  readonly name: string;
}

/** Throws ERR_OUTBOX_CONFIG that says what is missing. */
export async function gatewayOf({
  environment,
  store,
}: Pick<OpenOutbox, 'environment' | 'store'>): Promise<Gateway> {
  const settings = settingsOf(convoyFlags, environment.variables);
  const isConfigured = [
    settings['convoy-api-key'],
    settings['convoy-api-key-file'],
    settings['convoy-project-id'],
    settings['convoy-base-url'],
    settings['sandbox-url'],
  ].some((value) => value !== undefined);
  const [last] = isConfigured ? [] : await store.records('verified', 1);
  const sandbox = String(last?.detail.gateway ?? '');
  const credentials =
    !isConfigured && isSandbox(sandbox)
      ? {
          baseUrl: sandbox.slice(0, sandbox.indexOf('/v1/projects/')),
          projectId: sandboxProjectId,
          apiKey: sandboxApiKey,
        }
      : credentialsOf(settings, environment.root, {
          without: "this command asks Convoy, and needs the relayer's key and project for that",
        });
  return {
    access: { ...credentials, timeoutMs },
    name: gatewayName(credentials.baseUrl, credentials.projectId),
  };
}
