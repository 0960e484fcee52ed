// The works that peers take part in.

/** Those parts of a benchmark that peers take part in. */
export const workNames = ['drain', 'latency', 'recovery'] as const;
export type WorkName = (typeof workNames)[number];
