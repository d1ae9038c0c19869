// Checks a receipt of the ledger on the reader's own machine: RFC 6962 hashes, and the notes, cosignatures, policies
// and proofs of C2SP (signed-note, tlog-cosignature, tlog-policy, tlog-proof). No server is asked. What a browser
// cannot check (ML-DSA-44) is left out of the count and never believed.

export const LOG = 1, WITNESS = 4, QUANTUM = 6;
const KEY_BYTES = { [LOG]: 32, [WITNESS]: 32, [QUANTUM]: 1312 };
const SIZE = /^(0|[1-9][0-9]{0,18})$/;
const utf8 = new TextEncoder();

/** Why something does not hold: `code` is a word of this file, `detail` a name. */
export class Bad extends Error {
  constructor(code, detail = "") {
    super(detail ? `${code}: ${detail}` : code);
    this.code = code;
    this.detail = detail;
  }
}

/** Return the bytes of base64, which has one spelling only. */
export function unbase64(text) {
  let data;
  try {
    data = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    throw new Bad("base64");
  }
  if (base64(data) !== text) throw new Bad("base64");
  return data;
}

export const base64 = (data) => btoa(String.fromCharCode(...data));
export const hex = (data) => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
const same = (one, other) => hex(one) === hex(other);

async function sha256(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
}

// --- keys and notes (c2sp.org/signed-note@v1.0.0) ------------------------------------------------------------

/** Return the public key in a line like: city.example/ledger+cd9f0b30+AXqr… */
export async function readKey(text) {
  const [, name, id, encoded] = /^([^\s+]+)\+([0-9a-f]{8})\+(.+)$/u.exec(text) ?? [];
  const data = unbase64(encoded ?? "");
  if (!name || KEY_BYTES[data[0]] !== data.length - 1) throw new Bad("key");
  const key = { name, kind: data[0], data: data.slice(1), id };
  if (hex((await sha256(utf8.encode(`${name}\n`), data)).slice(0, 4)) !== id) throw new Bad("key", name);
  return key;
}

/** Return the text of a note and its signature lines. */
function takeApart(note) {
  const cut = note.lastIndexOf("\n\n");
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x09\x0b-\x1f]/.test(note) || cut < 1 || !note.endsWith("\n")) throw new Bad("note");
  const lines = note.slice(cut + 2, -1).split("\n").map((line) => {
    const [, name, encoded] = /^\u2014 ([^\s+]+) ([^ ]+)$/u.exec(line) ?? [];
    const blob = unbase64(encoded ?? "");
    if (!name || blob.length < 5) throw new Bad("note");
    return { name, id: hex(blob.slice(0, 4)), signature: blob.slice(4) };
  });
  return { text: note.slice(0, cut + 1), lines };
}

/** Return which of `keys` signed the note, as a map to the time each states. A known key that fails spoils it. */
export async function signers({ text, lines }, keys) {
  const found = new Map();
  for (const line of lines) {
    for (const key of keys) {
      if (key.name !== line.name || key.id !== line.id || key.kind === QUANTUM) continue;
      found.set(key, await timeOf(key, line.signature, text));
    }
  }
  return found;
}

async function timeOf(key, signature, text) {
  if (key.kind === LOG) return (await verify(key, signature, text), 0);
  if (signature.length !== 72) throw new Bad("forged", key.name);
  const at = new DataView(signature.buffer, signature.byteOffset).getBigUint64(0);
  // tlog-cosignature@v1.0.1, "Ed25519 signed message"
  await verify(key, signature.slice(8), `cosignature/v1\ntime ${at}\n${text}`);
  return Number(at);
}

async function verify(key, signature, message) {
  let good;
  try {
    const imported = await crypto.subtle.importKey("raw", key.data, { name: "Ed25519" }, false, ["verify"]);
    good = await crypto.subtle.verify({ name: "Ed25519" }, imported, signature, utf8.encode(message));
  } catch {
    throw new Bad("browser");
  }
  if (!good) throw new Bad("forged", key.name);
}

/** Say whether this browser can check Ed25519 signatures at all. */
export async function able() {
  try {
    await crypto.subtle.importKey("raw", new Uint8Array(32).fill(9), { name: "Ed25519" }, false, ["verify"]);
    return true;
  } catch {
    return false;
  }
}

/** Return what the text of a checkpoint states (c2sp.org/tlog-checkpoint@v1.0.0). */
function readCheckpoint(text) {
  const lines = text.split("\n");
  if (lines.length < 4 || lines.pop() !== "" || lines.includes("")) throw new Bad("checkpoint");
  const root = unbase64(lines[2]);
  if (!SIZE.test(lines[1]) || root.length !== 32) throw new Bad("checkpoint");
  return { origin: lines[0], size: BigInt(lines[1]), root };
}

// --- whom we believe (c2sp.org/tlog-policy) ------------------------------------------------------------------

/** Return a policy that has been read and found whole. */
export async function readPolicy(text) {
  const policy = { logs: [], witnesses: new Map(), groups: new Map(), quorum: null };
  const free = new Set();
  if (/[\x00-\x08\x0b-\x1f\x7f]/.test(text)) throw new Bad("policy");
  for (const line of text.split("\n")) {
    const [what, ...words] = line.split(/[ \t]+/).filter((word) => word);
    if (what && !what.startsWith("#")) await take(policy, free, what, words);
  }
  if (policy.quorum === null) throw new Bad("policy", "quorum");
  return policy;
}

async function take(policy, free, what, words) {
  const known = (name) => name === "none" || policy.witnesses.has(name) || policy.groups.has(name);
  const fresh = (name) => {
    if (known(name)) throw new Bad("policy", name);
    free.add(name);
    return name;
  };
  const once = (key, others, wrong) => {
    if (key.kind === wrong || [...others].some((other) => same(other.data, key.data))) throw new Bad("policy", key.name);
    return key;
  };
  if (what === "log" && (words.length === 1 || words.length === 2)) {
    policy.logs.push(once(await readKey(words[0]), policy.logs, WITNESS));
  } else if (what === "witness" && (words.length === 2 || words.length === 3)) {
    const key = once(await readKey(words[1]), policy.witnesses.values(), LOG);
    policy.witnesses.set(fresh(words[0]), key);
  } else if (what === "group" && words.length > 2) {
    const [name, need, ...members] = words;
    const count = { any: 1, all: members.length }[need] ?? (/^[1-9][0-9]{0,8}$/.test(need) ? Number(need) : 0);
    if (new Set(members).size !== members.length || !members.every((member) => free.delete(member))) throw new Bad("policy", name);
    if (count < 1 || count > members.length) throw new Bad("policy", name);
    policy.groups.set(fresh(name), { need: count, members });
  } else if (what === "quorum" && words.length === 1 && policy.quorum === null && known(words[0])) {
    policy.quorum = words[0];
  } else {
    throw new Bad("policy", what);
  }
}

function holds(policy, names) {
  const have = new Set(["none", ...names]);
  for (const [name, { need, members }] of policy.groups) {
    if (members.filter((member) => have.has(member)).length >= need) have.add(name);
  }
  return have.has(policy.quorum);
}

/** Return the smallest number of witnesses that can satisfy a policy. */
export function needed(policy) {
  const cost = new Map([["none", 0], ...[...policy.witnesses.keys()].map((name) => [name, 1])]);
  for (const [name, { need, members }] of policy.groups) {
    const costs = members.map((member) => cost.get(member)).sort((one, other) => one - other);
    cost.set(name, costs.slice(0, need).reduce((sum, each) => sum + each, 0));
  }
  return cost.get(policy.quorum);
}

// --- the receipt (c2sp.org/tlog-proof) and its path ------------------------------------------------------------

/** Return a receipt taken apart; nothing in it has been checked yet. */
export function readReceipt(text) {
  const cut = text.indexOf("\n\n");
  const lines = text.slice(0, Math.max(cut, 0)).split("\n");
  if (cut < 0 || lines.shift() !== "c2sp.org/tlog-proof@v1") throw new Bad("receipt");
  const extra = lines[0]?.startsWith("extra ") ? unbase64(lines.shift().slice(6)) : null;
  const [, index] = /^index (0|[1-9][0-9]{0,18})$/.exec(lines.shift() ?? "") ?? [];
  const path = lines.map(unbase64);
  if (index === undefined || path.length > 63 || path.some((step) => step.length !== 32)) throw new Bad("path");
  const note = takeApart(text.slice(cut + 2));
  return { extra, index: BigInt(index), path, note, checkpoint: readCheckpoint(note.text) };
}

/** Return the hashes from an entry up to the root: each step's neighbour, its side, and what they give together. */
export async function climb(index, size, entry, path) {
  if (index >= size) throw new Bad("path");
  let place = index, last = size - 1n, total = await sha256(Uint8Array.of(0), entry);
  const steps = [{ total }];
  for (const hash of path) {
    if (last === 0n) throw new Bad("path");
    const left = (place & 1n) === 1n || place === last; // RFC 9162 §2.1.3.2
    total = left ? await sha256(Uint8Array.of(1), hash, total) : await sha256(Uint8Array.of(1), total, hash);
    if (left) while (!(place & 1n) && place) [place, last] = [place >> 1n, last >> 1n];
    [place, last] = [place >> 1n, last >> 1n];
    steps.push({ hash, left, total });
  }
  if (last !== 0n) throw new Bad("path");
  return steps;
}

/** Return kind and content of what an entry commits to, out of the file that only the person concerned can have. */
export async function open(disclosure, entry) {
  const opening = unbase64(String(disclosure.opening ?? ""));
  const commitment = base64(await sha256(opening)).replace(/=+$/, "");
  if (opening.length < 92 || commitment !== new TextDecoder().decode(entry).split(" ").at(-1)) throw new Bad("opening");
  // Salt 16 bytes, id 16, instant 8, district 2, person, actor and matter 16 each, length of the kind 2, kind, content.
  const length = (opening[90] << 8) | opening[91];
  const text = (from, to) => new TextDecoder().decode(opening.slice(from, to));
  return { kind: text(92, 92 + length), content: text(92 + length) };
}

/**
 * Check a receipt against a policy. `given` is the entry from a file of its own, or null.
 * `disclosure` is the JSON of the person concerned, or null; then a fifth step says whether it belongs to the entry.
 * Returns { steps: [{ name, ok, bad }], holds, … }: ok is true, false, or null where it could not be looked at.
 */
export async function check(text, policyText, given = null, disclosure = null) {
  const result = { steps: [], witnesses: [], path: [], holds: false };
  const step = async (name, work) => {
    try {
      await work();
      result.steps.push({ name, ok: true });
      return true;
    } catch (bad) {
      if (!(bad instanceof Bad)) throw bad;
      result.steps.push({ name, ok: bad.code === "browser" ? null : false, bad });
      return false;
    }
  };
  let receipt, policy;
  const readable = await step("form", async () => {
    policy = await readPolicy(policyText);
    receipt = readReceipt(text);
    if (given && receipt.extra && !same(given, receipt.extra)) throw new Bad("entry");
    result.entry = given ?? receipt.extra;
    if (!result.entry) throw new Bad("entry");
    Object.assign(result, { index: receipt.index, ...receipt.checkpoint });
  });
  if (!readable) {
    for (const name of ["log", "witnesses", "path", ...(disclosure ? ["opening"] : [])]) result.steps.push({ name, ok: null });
    return result;
  }
  await step("log", async () => {
    const found = await signers(receipt.note, policy.logs);
    if (![...found.keys()].some((key) => key.name === result.origin)) throw new Bad("no_log");
  });
  await step("witnesses", async () => {
    const found = await signers(receipt.note, [...policy.witnesses.values()]);
    for (const [name, key] of policy.witnesses) if (found.has(key)) result.witnesses.push({ name, at: found.get(key) });
    result.needed = needed(policy);
    if (!holds(policy, result.witnesses.map(({ name }) => name))) throw new Bad("few");
  });
  await step("path", async () => {
    result.path = await climb(result.index, result.size, result.entry, receipt.path);
    if (!same(result.path.at(-1).total, result.root)) throw new Bad("root");
  });
  if (disclosure) await step("opening", async () => (result.opened = await open(disclosure, result.entry)));
  result.holds = result.steps.every(({ ok }) => ok === true);
  return result;
}
