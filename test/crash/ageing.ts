// Makes accepted events older than they are, so that reading back judges them now and not in six minutes.
import { isoText } from '../../apps/outbox/clock.ts';
import { confirmTimings } from '../../apps/relayer/confirm-options.ts';
import type { World } from './world.ts';
import { write } from './world-data.ts';

const soonMs = 100;

/**
 * Accepted events grow so old that they should have been found, a moment from now. They keep their order: what is missing is
 * lost only if something later was stored.
 */
export async function ageAccepted(world: World): Promise<void> {
  let seqs: readonly number[] | null = null;
  for (;;) {
    let dueAtMs = 0;
    const isWritten = await write(world, (db) => {
      dueAtMs = Date.now() + soonMs;
      const fromMs = dueAtMs - confirmTimings.graceMs;
      const young = db.prepare(`
        SELECT seq FROM events
         WHERE status = 'processed' AND processed_at > ? AND confirmed_at IS NULL AND last_error IS NULL
         ORDER BY processed_at, seq`);
      const age = db.prepare(`UPDATE events SET processed_at = ? WHERE seq = ? AND status = 'processed'`);
      seqs ??= young.pluck().all(isoText(fromMs + soonMs)) as number[];
      for (const [place, seq] of seqs.entries()) age.run(isoText(fromMs + place), seq);
    });
    // A pass that began before they could be seen closes what was due by then. On a busy machine these would be among it, and
    // nobody would look at them for hours.
    if (!isWritten || Date.now() < dueAtMs) return;
  }
}
