// The one clock by which processes of this machine can be compared.

/**
 * Milliseconds of CLOCK_MONOTONIC, microseconds precise. Node's `hrtime` reads a clock that all processes of a machine share (Linux:
 * CLOCK_MONOTONIC, macOS: mach_absolute_time); `performance.now` starts anew in every process.
 */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}
