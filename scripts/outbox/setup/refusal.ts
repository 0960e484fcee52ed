// What setting up says when Convoy does not do what it was asked: what was tried, Convoy's words, and what to do.
import type { ConvoyAccess, ConvoyWrite } from '../../../apps/outbox/convoy.ts';
import { askDirectory, type DirectoryAnswer } from '../../../apps/outbox/convoy-directory.ts';
import { OutboxError } from '../../../apps/outbox/outbox-error.ts';

/** The error for an answer that is no success. `what` completes "cannot ...". */
export function refusal(
  what: string,
  answer:
    | Exclude<ConvoyWrite, { kind: 'created' }>
    | { readonly kind: 'unknown'; readonly reason: string; readonly status?: number },
): OutboxError {
  if (answer.kind === 'too-large') return noAnswer(what, 'an endless answer');
  if (answer.kind === 'refused')
    return denied(what, {
      says: `Convoy says "${answer.message}" (HTTP ${answer.status})`,
      status: answer.status,
    });
  return answer.status === 401 || answer.status === 403 || answer.status === 400
    ? denied(what, { says: answer.reason, status: answer.status })
    : noAnswer(what, answer.reason);
}

/** The endpoints and subscriptions of a project. Throws when they cannot be read. */
export async function readDirectory(
  access: ConvoyAccess,
): Promise<Extract<DirectoryAnswer, { kind: 'directory' }>> {
  const answer = await askDirectory(access);
  if (answer.kind === 'directory') return answer;
  throw refusal('read the endpoints of the project', answer);
}

function denied(
  what: string,
  { says, status }: { readonly says: string; readonly status: number },
): OutboxError {
  const check =
    status === 401
      ? 'the key is wrong, or Convoy is without its database'
      : status === 403
        ? 'this is for a personal key of somebody who may manage the organisation; a project key may not'
        : 'see what it says; what was done before stays, and the command can be repeated';
  return new OutboxError('ERR_OUTBOX_CONFIG', `cannot ${what}: ${says}: ${check}`);
}

function noAnswer(what: string, reason: string): OutboxError {
  return new OutboxError(
    'ERR_OUTBOX_CONVOY',
    `cannot ${what}: ${reason}. Check CONVOY_BASE_URL and that Convoy is up, then repeat the command: what was done is found again`,
  );
}
