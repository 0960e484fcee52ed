// The connection pool alone loads in about 20 ms, all of undici in about 75 ms, which a restarted relayer would spend before its first
// redelivery. The version is pinned exactly, because this path is not part of the documented surface.
declare module 'undici/lib/dispatcher/pool.js' {
  import type { Pool } from 'undici';

  const UndiciPool: typeof Pool;
  export default UndiciPool;
}
