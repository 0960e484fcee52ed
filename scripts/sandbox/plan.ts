// Decides whether a sandbox stands in for Convoy, and how the relayer reaches it. It must never swallow real events, so
// it starts only when nothing at all points to a real Convoy.
import type { Variables } from '../../apps/outbox/environment.ts';

export interface SandboxPlan {
  /** Environment of the sandbox process. */
  readonly env: Readonly<Record<string, string>>;
  /** Environment that makes the relayer deliver to it; a CONVOY_ variable set later in `.env` wins over it. */
  readonly relayerEnv: Readonly<Record<string, string>>;
}

/** Port of the sandbox unless SANDBOX_PORT says otherwise. */
export const defaultSandboxPort = '5055';

/**
 * Null when a CONVOY_ variable is set or NODE_ENV is production: then the relayer is left
 * to its own settings, and says what is missing.
 */
export function sandboxPlan(variables: Variables): SandboxPlan | null {
  const isConfigured = Object.keys(variables).some((name) => name.startsWith('CONVOY_'));
  if (isConfigured || variables.NODE_ENV === 'production') return null;
  const port = variables.SANDBOX_PORT ?? defaultSandboxPort;
  return {
    env: { SANDBOX_PORT: port },
    relayerEnv: { RELAYER_SANDBOX_URL: `http://127.0.0.1:${port}/api` },
  };
}
