// Loads the parts of a bundled application with the bytecode that its build has made of them (V8's code cache): a start then neither
// parses nor compiles, which took a restarted relayer 24 of 88 ms until ready. It has no say in what a part does: one whose cache is
// missing, damaged, of another Node or of another text is compiled as usual. CommonJS and plain JavaScript: it lies beside the parts,
// and run as a command it writes their caches anew, for the Node that runs it.
'use strict';
const { createHash } = require('node:crypto');
const { readdirSync, readFileSync, statSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');

/** Node's own, and `import()`, which code from a cache cannot call: which loader to ask is not kept in one. */
const parameters = 'exports, require, module, __filename, __dirname, importPackage';
const importPackage = (name) => import(name);
const digestBytes = 32;
const modules = new Map();

/** Runs the part in a file, unless it has been, and returns its exports. What it requires of the parts beside it is loaded likewise. */
function load(file) {
  const known = modules.get(file);
  if (known !== undefined) return known.exports;
  const part = { exports: {} };
  modules.set(file, part);
  const directory = path.dirname(file);
  const requirePart = (name) => (name.startsWith('./') ? load(path.join(directory, name)) : require(name));
  try {
    const run = compiled(file).runInThisContext();
    run(part.exports, requirePart, part, file, directory, importPackage);
  } catch (error) {
    // The next call tries again, as with Node's own.
    modules.delete(file);
    throw error;
  }
  return part.exports;
}

/** Compiles a part, from its cache if that is good for it. The text must be plain ASCII. */
function compiled(file) {
  const source = readFileSync(file, 'latin1');
  return scriptOf(file, source, cacheFor(file, source));
}

/** Writes the caches of all parts in a folder. */
function writeCaches(directory) {
  for (const file of readdirSync(directory)) {
    if (file.endsWith('.js') && file !== 'main.js') writeCache(path.join(directory, file));
  }
}

/** With all functions of the part. */
function writeCache(file) {
  const { setFlagsFromString } = require('node:v8');
  const source = readFileSync(file, 'latin1');
  // Otherwise only what runs at once is compiled. A cache is good for the flags that it was written with: those of a plain Node.
  setFlagsFromString('--no-lazy');
  const script = scriptOf(file, source);
  setFlagsFromString('--lazy');
  const bytecode = script.createCachedData();
  writeFileSync(cacheName(file), Buffer.concat([digestOf(source, bytecode), bytecode]));
}

/** Its name in stacks comes out of the cache, and so must be the same wherever the folder lies. */
function scriptOf(file, source, cachedData) {
  const filename = path.join(path.basename(path.dirname(file)), path.basename(file));
  const head = `(function (${parameters}) {`;
  return new vm.Script(`${head}${source}\n})`, { filename, columnOffset: -head.length, cachedData });
}

/** Undefined when there is none for this text. V8 itself looks at no more than the text's length and the cache's own. */
function cacheFor(file, source) {
  try {
    const cache = readFileSync(cacheName(file));
    const bytecode = cache.subarray(digestBytes);
    return digestOf(source, bytecode).equals(cache.subarray(0, digestBytes)) ? bytecode : undefined;
  } catch {
    return undefined;
  }
}

/** Bytecode is for one version of V8 and one kind of machine. */
function cacheName(file) {
  return `${file}.node-${process.version}-${process.platform}-${process.arch}.cache`;
}

/** Of the same version there are different builds of Node, too, for another C library, for instance: they differ in size. */
function digestOf(source, bytecode) {
  const { size } = statSync(process.execPath);
  return createHash('sha256').update(`${size} `).update(source, 'latin1').update(bytecode).digest();
}

if (require.main === module) writeCaches(__dirname);
module.exports = { load, compiled, writeCaches };
