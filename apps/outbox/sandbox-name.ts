// How the local sandbox is told from a real Convoy: the one project and the one key that it has.

/** The project id of the sandbox. Convoy's own ids are ULIDs, so no real project has it. */
export const sandboxProjectId = 'sandbox';
/** The key of the sandbox: no secret, it listens on this machine only. */
export const sandboxApiKey = 'sandbox-key';

/** Whether a gateway's name is that of a sandbox, on whatever port. */
export function isSandbox(gateway: string): boolean {
  return gateway.endsWith(`/projects/${sandboxProjectId}`);
}
