// Preloaded into the real ingester (--import), this makes its connection commit with synchronous=NORMAL and say that it
// is FULL: the one difference between a run that may lose nothing and one that must.
import Database from 'better-sqlite3';

const real = Database.prototype.pragma;
Database.prototype.pragma = function pragma(source, options) {
  if (source === 'synchronous = FULL') return real.call(this, 'synchronous = NORMAL', options);
  const answer = real.call(this, source, options);
  return source === 'synchronous' ? 2 : answer;
};
