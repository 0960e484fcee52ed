// What a power cut can cost: the real applications are recorded call by call, and the database is rebuilt as a disk
// could have left it, at sync boundaries and in between. OUTBOX_DEEP=1 tries thousands of images, else it is a sample.
import { describe, expect, test } from 'vitest';
import { isDeep, progressOf, tellProgress } from '../repeatable.ts';
import { cutPower, replay, type Verdict } from './power-cuts.ts';
import { type Recording, record, whyNoTrace } from './recording.ts';

const whyNot = whyNoTrace();
if (whyNot !== null) console.warn(`power cuts were NOT tried: ${whyNot}`);

const scale = isDeep
  ? {
      invoices: 200,
      images: 1_000,
      normalImages: 500,
      runs: [
        { seed: 1, rateMs: 4 },
        { seed: 2, rateMs: 40 },
      ],
    }
  : { invoices: 25, images: 60, normalImages: 40, runs: [{ seed: 1, rateMs: 15 }] };
const timeoutMs = isDeep ? 600_000 : 60_000;

async function cut(recording: Recording, label: string, images: number, seed: number): Promise<Verdict> {
  const onProgress = progressOf(`images of power cuts, ${label}, seed ${seed}`, images);
  const verdict = await cutPower(recording, { images, seed, onProgress });
  const { broken, ...figures } = verdict;
  tellProgress(`power cut, ${label}, seed ${seed}: ${JSON.stringify({ ...figures, broken: broken.length })}`);
  return verdict;
}

describe.skipIf(whyNot !== null)(`a power cut${whyNot === null ? '' : ` (SKIPPED: ${whyNot})`}`, () => {
  test.each(scale.runs)(
    'at any instant loses no commit that returned, and both applications carry on (seed $seed)',
    { timeout: timeoutMs },
    async ({ seed, rateMs }) => {
      const recording = await record({ writer: 'FULL', invoices: scale.invoices, rateMs });
      expect(replay(recording.calls), 'the trace rebuilds the file that the run left').toEqual(
        recording.leftBehind,
      );
      const verdict = await cut(recording, 'FULL', scale.images, seed);
      expect(verdict.broken).toEqual([]);
      expect(verdict).toMatchObject({ images: scale.images, lostCommits: 0, acknowledged: scale.invoices });
      expect(verdict.syncs).toBeGreaterThan(scale.invoices);
      expect(verdict.checkpoints).toBeGreaterThan(2);
    },
  );

  test('does lose commits of a writer that is forced to NORMAL', { timeout: timeoutMs }, async () => {
    const recording = await record({ writer: 'NORMAL', invoices: scale.invoices, rateMs: 4 });
    const verdict = await cut(recording, 'NORMAL', scale.normalImages, 1);
    expect(verdict.broken).toEqual([]);
    expect(verdict.imagesWithLoss).toBeGreaterThan(0);
  });
});
