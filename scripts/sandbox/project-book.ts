// The projects of the sandbox and the keys that open them. In memory: after a restart there is the one it was started with.
// All projects share endpoints and events, which Convoy's do not.
import { createHash, randomBytes } from 'node:crypto';

/** The project that the sandbox starts with. */
export const SANDBOX_PROJECT_ID = 'sandbox';

export interface SandboxProject {
  readonly uid: string;
  readonly name: string;
}

/** Whom a key belongs to. */
export type KeyHolder =
  | { readonly kind: 'project'; readonly project: SandboxProject }
  /** A person: may create projects, and open each. */
  | { readonly kind: 'person' };

export interface ProjectBook {
  list(): readonly SandboxProject[];
  /** Null for a key that nobody has. */
  holderOf(key: string): KeyHolder | null;
  /** Names are not unique. The key is told this once. Null when the instance may have no more. */
  create(name: string): { readonly project: SandboxProject; readonly key: string } | null;
}

/** The community edition has no more. */
const mostProjects = 2;

/** A book with the sandbox's own project. */
export function createProjectBook(keys: {
  readonly apiKey: string;
  readonly personalKey: string;
}): ProjectBook {
  const own = { uid: SANDBOX_PROJECT_ID, name: 'sandbox' };
  const byKey = new Map<string, SandboxProject>([[keys.apiKey, own]]);
  return {
    list: () => [...byKey.values()],
    holderOf(key) {
      const project = byKey.get(key);
      if (project !== undefined) return { kind: 'project', project };
      return key === keys.personalKey ? { kind: 'person' } : null;
    },
    create(name) {
      if (byKey.size >= mostProjects) return null;
      const uid = createHash('sha256')
        .update(`${name} ${byKey.size}`)
        .digest('hex')
        .slice(0, 26)
        .toUpperCase();
      const project = { uid, name };
      const key = `CO.${randomBytes(12).toString('hex')}.${randomBytes(24).toString('hex')}`;
      byKey.set(key, project);
      return { project, key };
    },
  };
}
