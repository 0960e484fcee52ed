// Entry of `npm run bench`: options in; a table, a result, a picture and an exit status out. Progress goes to standard error.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { BenchError, exitStatus } from './bench-error.ts';
import { readBenchConfig } from './config.ts';
import { monotonicMs } from './monotonic.ts';
import { peersTableText } from './peers/peers-table.ts';
import { pictureSvg } from './picture.ts';
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
    const startMs = monotonicMs();
    const say = (text: string) => {
      const seconds = ((monotonicMs() - startMs) / 1_000).toFixed(0).padStart(4);
      process.stderr.write(`${seconds} s  ${text}\n`);
    };
    mkdirSync(settings.out, { recursive: true });
    const result = await runBench(settings, say, interruption.signal);
    const files = write(settings.out, result);
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

/** Writes both files, named for when the run began, and returns a line that says where. */
function write(folder: string, result: BenchResult): string {
  const name = path.join(folder, result.date.slice(0, 19).replaceAll(':', '-'));
  writeFileSync(`${name}.json`, `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(`${name}.svg`, pictureSvg(result));
  return `Result: ${name}.json\nPicture: ${name}.svg`;
}
