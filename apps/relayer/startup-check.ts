// Before any event is sent, the gateway must have said once that this key belongs to this project. The pass is kept in
// the database, so that a restart delivers at once and asks again in the background.
import { createHash } from 'node:crypto';
import { type Clock, sleep } from '../outbox/clock.ts';
import type { ConvoyAccess } from '../outbox/convoy.ts';
import { errorText, type Log } from '../outbox/log.ts';
import { OutboxError } from '../outbox/outbox-error.ts';
import type { OutboxStore } from '../outbox/store.ts';

export interface StartupCheckOptions {
  readonly access: ConvoyAccess;
  /** URL of the project: the gateway's name in the database. */
  readonly gateway: string;
  readonly store: OutboxStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
}

const firstRetryMs = 1_000;
const longestRetryMs = 30_000;

/** Whether this very gateway, project and key have passed before. */
export async function hasPassed({ access, gateway, store }: StartupCheckOptions): Promise<boolean> {
  return (await store.lastLogged('verified', { gateway, key: keyPrint(access) })) !== null;
}

/**
 * Asks until the gateway names the project. Anything but another project's id is waited for and shown, since a
 * Convoy without its database answers 401 to a good key. Resolves after the pass is recorded, or when the signal aborts.
 * Throws ERR_OUTBOX_WRONG_PROJECT.
 */
export async function passStartupCheck(options: StartupCheckOptions): Promise<void> {
  const { access, gateway, store, clock, log, signal } = options;
  const startedMs = clock.monotonicMs();
  const isKnown = await hasPassed(options);
  let isToldPaused = false;
  // got takes 30 to 100 ms to load; by now the first batch is on its way.
  const { askProject } = await import('../outbox/convoy-project.ts');
  for (let waitMs = firstRetryMs; !signal.aborted; waitMs = Math.min(waitMs * 2, longestRetryMs)) {
    const answer = await askProject(access);
    if (answer.kind === 'project') {
      if (answer.projectId !== access.projectId) throw wrongProject(access, answer.projectId);
      if (!isKnown) {
        await store.log({
          kind: 'verified',
          detail: { gateway, key: keyPrint(access) },
          nowMs: clock.nowMs(),
        });
      }
      if (isToldPaused) {
        await tell(options, { state: 'open', paused_ms: Math.round(clock.monotonicMs() - startedMs) });
      }
      log.info('gateway checked', { gateway });
      return;
    }
    log.error('the gateway does not confirm the project yet: trying again', {
      reason: answer.reason,
      gateway,
      check: 'CONVOY_BASE_URL, CONVOY_API_KEY, and that Convoy is up',
    });
    // One that passed before is sent to meanwhile: what comes of that tells how it is.
    if (!isKnown && !isToldPaused) {
      isToldPaused = true;
      await tell(options, { state: 'paused', reason: `the project is not confirmed yet: ${answer.reason}` });
    }
    await sleep(clock, waitMs, signal);
  }
}

/** The record is for people, who see a closed gateway; failing to write it ends nothing. */
async function tell(
  { store, clock, log }: StartupCheckOptions,
  detail: Readonly<Record<string, unknown>>,
): Promise<void> {
  await store
    .log({ kind: 'gateway', detail, nowMs: clock.nowMs() })
    .catch((error: unknown) => log.warn('could not record the gateway change', { reason: errorText(error) }));
}

/** A print of the key that tells keys apart and gives none away. */
function keyPrint({ apiKey }: ConvoyAccess): string {
  return createHash('sha256').update(`outbox:${apiKey}`).digest('hex').slice(0, 16);
}

function wrongProject(access: ConvoyAccess, actual: string): OutboxError {
  return new OutboxError(
    'ERR_OUTBOX_WRONG_PROJECT',
    `CONVOY_PROJECT_ID is ${access.projectId}, but the key belongs to project ${actual}: events would go there. Correct one of the two; nothing was sent`,
  );
}
