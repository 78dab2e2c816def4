// Both ends of the link between a test and a program: frames of four bytes of length and JSON, over descriptor 3.
// Only data crosses: no function, no prototype, no getter of the program's takes part in what the test compares.
'use strict';
const fs = require('fs');
const LINK = 3;
const MOST_DEPTH = 200;
const EXIT = { missing: 94, unasked: 95, lost: 97, unreadable: 98 };
const PRISTINE = { stringify: JSON.stringify, parse: JSON.parse };

function transfer(act, buffer) {
  let done = 0;
  while (done < buffer.length) {
    const count = act(LINK, buffer, done, buffer.length - done);
    if (count === 0) return false;
    done += count;
  }
  return true;
}

function send(message) {
  const body = Buffer.from(PRISTINE.stringify(message));
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  transfer(fs.writeSync, Buffer.concat([head, body]));
}

function receive(limit) {
  const head = Buffer.alloc(4);
  if (!transfer(fs.readSync, head)) return undefined;
  const length = head.readUInt32BE();
  if (length > limit) throw new RangeError('a message that is too long');
  const body = Buffer.alloc(length);
  return transfer(fs.readSync, body) ? PRISTINE.parse(body.toString()) : undefined;
}

function encode(value, depth = 0, above = []) {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') {
    return Number.isFinite(value) && !Object.is(value, -0) ? value : { t: 'number', v: Object.is(value, -0) ? '-0' : String(value) };
  }
  if (value === undefined) return { t: 'undefined' };
  if (typeof value === 'bigint') return { t: 'bigint', v: String(value) };
  if (typeof value !== 'object' || depth > MOST_DEPTH || above.includes(value)) return { t: 'opaque' };
  const inner = (each) => encode(each, depth + 1, [...above, value]);
  if (Array.isArray(value)) return { t: 'array', v: Array.from(value, inner) };
  if (value instanceof Map) return { t: 'map', v: Array.from(value, (pair) => pair.map(inner)) };
  if (value instanceof Set) return { t: 'set', v: Array.from(value, inner) };
  if (value instanceof Date) return { t: 'date', v: value.getTime() };
  if (ArrayBuffer.isView(value)) return { t: 'opaque' };
  const plain = [Object.prototype, null].includes(Object.getPrototypeOf(value));
  return { t: plain ? 'object' : 'instance', v: Object.entries(value).map(([key, each]) => [key, inner(each)]) };
}

function decode(told, depth = 0) {
  if (told === null || typeof told !== 'object') return told;
  if (depth > 2 * MOST_DEPTH) throw new RangeError('a value that is too deep');
  const inner = (each) => decode(each, depth + 1);
  switch (told.t) {
    case 'undefined': return undefined;
    case 'number': return Number(told.v);
    case 'bigint': return BigInt(told.v);
    case 'array': return Array.from(told.v, inner);
    case 'map': return new Map(Array.from(told.v, ([key, each]) => [inner(key), inner(each)]));
    case 'set': return new Set(Array.from(told.v, inner));
    case 'date': return new Date(told.v);
    case 'object': return filled({}, told.v, inner);
    case 'instance': return filled(Object.create({}), told.v, inner);
    default: return Symbol('a value that cannot leave its program');
  }
}

function filled(target, pairs, inner) {
  for (const [key, each] of pairs) {
    Object.defineProperty(target, String(key), { value: inner(each), enumerable: true, writable: true, configurable: true });
  }
  return target;
}

// The test's end.

let asked = 0;

function stand_in(limit) {
  return (...args) => {
    asked += 1;
    const before = args.map((each) => encode(each));
    let reply, value, after;
    try {
      send({ args: before });
      reply = receive(limit);
    } catch (error) {
      process.exit(error.code === 'EPIPE' || error.code === 'ECONNRESET' ? EXIT.lost : EXIT.unreadable);
    }
    if (reply === undefined) process.exit(EXIT.lost);
    if (reply?.missing) process.exit(EXIT.missing);
    try {
      value = reply.error ? made_error(reply.error) : decode(reply.value);
      after = reply.args.map((each) => decode(each));
    } catch {
      process.exit(EXIT.unreadable);
    }
    args.forEach((each, place) => { if (PRISTINE.stringify(reply.args[place]) !== PRISTINE.stringify(before[place])) replace(each, after[place]); });
    if (reply.later) return reply.error ? Promise.reject(value) : Promise.resolve(value);
    if (reply.error) throw value;
    return value;
  };
}

function made_error({ name, message }) {
  const kinds = { Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError };
  const error = new (Object.hasOwn(kinds, name) ? kinds[name] : Error)(String(message));
  if (error.name !== name) error.name = String(name);
  return error;
}

function replace(target, value) {
  if (Array.isArray(target) && Array.isArray(value)) target.splice(0, target.length, ...value);
  else if (target instanceof Map && value instanceof Map) { target.clear(); value.forEach((each, key) => target.set(key, each)); }
  else if (target instanceof Set && value instanceof Set) { target.clear(); value.forEach((each) => target.add(each)); }
  else if (target && typeof target === 'object' && value && typeof value === 'object') {
    for (const key of Object.keys(target)) delete target[key];
    filled(target, Object.entries(value), (each) => each);
  }
}

exports.test = (entry, limit, file) => {
  const assert = require('assert');
  globalThis[entry] = stand_in(limit);
  globalThis.assert = assert;
  console.assert = (condition, ...told) => { if (!condition) throw new assert.AssertionError({ message: told.join(' ') || 'false' }); };
  process.on('exit', (code) => { if (!asked && code < EXIT.missing) process.exitCode = EXIT.unasked; });
  return file.endsWith('.mjs') ? import(file) : require(file);
};

// The program's end.

exports.serve = async (entry, limit, file) => {
  const found = file.endsWith('.mjs') ? await import(file) : require(file);
  const own = globalThis.$jurybox_entry ?? found?.[entry] ?? found?.default;
  for (let request; (request = receive(limit)) !== undefined;) {
    if (typeof own !== 'function') { send({ missing: true }); continue; }
    send(await answered(own, request.args.map((each) => decode(each))));
  }
};

async function answered(own, args) {
  let later = false;
  const told = () => args.map((each) => encode(each));
  try {
    let value = own(...args);
    later = typeof value?.then === 'function';
    if (later) value = await value;
    return { value: encode(value), args: told(), later };
  } catch (error) {
    return { error: { name: String(error?.name ?? 'Error'), message: String(error?.message ?? error) }, args: told(), later };
  }
}
