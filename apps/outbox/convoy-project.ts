// Which project of Convoy's a key belongs to.
import { type ConvoyAccess, memberOf, readConvoy } from './convoy.ts';

/** What asking for the project came to. */
export type ProjectAnswer =
  | { readonly kind: 'project'; readonly projectId: string; readonly serverMs: number | null }
  /** No answer that says which project it is: try again later. */
  | { readonly kind: 'unknown'; readonly reason: string; readonly status?: number };

/**
 * Asks which project the key belongs to. With a project key Convoy ignores the id in the path and answers with the
 * key's own project, so comparing the two is the only way to notice a wrong id, which would otherwise deliver
 * into another project. Never throws.
 */
export async function askProject(access: ConvoyAccess): Promise<ProjectAnswer> {
  const read = await readConvoy(access, { path: '' });
  switch (read.kind) {
    case 'read': {
      const uid = memberOf(read.data, 'uid');
      if (typeof uid === 'string') return { kind: 'project', projectId: uid, serverMs: read.serverMs };
      return { kind: 'unknown', reason: 'HTTP 200 (application/json) instead of the project' };
    }
    case 'unreadable':
      return {
        kind: 'unknown',
        reason: read.reason,
        ...(read.status === undefined ? {} : { status: read.status }),
      };
    case 'too-large':
      return { kind: 'unknown', reason: 'an endless answer instead of the project' };
    default:
      return read satisfies never;
  }
}
