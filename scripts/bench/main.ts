// Entry of `npm run bench`: options in; a table, a result, a picture and an exit status out. Progress goes to standard error.
import { mkdirSync } from 'node:fs';
import { instantName, writeResultFiles } from '../picture/result-files.ts';
import { BenchError, exitStatus } from './bench-error.ts';
import { readBenchConfig } from './config.ts';
import { peersTableText } from './peers/peers-table.ts';
import { pictureSvg } from './picture.ts';
import { Progress } from './progress.ts';
import { type BenchResult, runBench } from './run.ts';
import { tableText } from './table.ts';

process.exitCode = await main();

async function main(): Promise<number> {
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => interruption.abort());
  }
  try {
    const settings = await readBenchConfig(process.argv.slice(2));
    if (typeof settings === 'string') {
      console.log(settings);
      return exitStatus.measured;
    }
    mkdirSync(settings.out, { recursive: true });
    const progress = new Progress(process.stderr);
    const result = await runBench(settings, progress, interruption.signal).finally(() => progress.end());
    const files = writeResultFiles({
      ...{ folder: settings.out, name: instantName(result.date) },
      ...{ result, svg: pictureSvg(result) },
    });
    console.log(settings.json ? JSON.stringify(result) : `\n${textOf(result)}\n\n${files}`);
    return exitStatus.measured;
  } catch (error) {
    if (!(error instanceof BenchError)) {
      console.error(error);
      return exitStatus.couldNotRun;
    }
    console.error(error.message);
    if (error.code === 'ERR_BENCH_INTERRUPTED') return exitStatus.interrupted;
    return error.code === 'ERR_BENCH_USAGE' ? exitStatus.usage : exitStatus.couldNotRun;
  }
}

function textOf(result: BenchResult): string {
  return result.peers === undefined ? tableText(result) : peersTableText(result, result.peers);
}
