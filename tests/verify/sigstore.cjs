// Checks checkpoints and inclusion proofs with @sigstore/verify: one JSON claim a line in, one verdict a line out.
const { createPublicKey } = require("node:crypto");
const { createInterface } = require("node:readline");
const { join } = require("node:path");

const at = join(process.argv[2], "node_modules/@sigstore/verify/dist/tlog");
const { verifyCheckpoint } = require(join(at, "checkpoint.js"));
const { verifyMerkleInclusion } = require(join(at, "merkle.js"));
const bytes = (text) => Buffer.from(text, "base64");

createInterface({ input: process.stdin }).on("line", (line) => {
  const claim = JSON.parse(line);
  const publicKey = createPublicKey({ key: bytes(claim.spki), format: "der", type: "spki" });
  const log = { logID: bytes(claim.key_id), baseURL: claim.name, publicKey };
  const entry = {
    canonicalizedBody: bytes(claim.entry),
    inclusionProof: { logIndex: claim.index, hashes: claim.path.map(bytes), checkpoint: { envelope: claim.note } },
  };
  let holds = true;
  try {
    verifyMerkleInclusion(entry, verifyCheckpoint(entry, [log]));
  } catch (error) {
    if (error.name !== "VerificationError") throw error;
    holds = false;
  }
  console.log(JSON.stringify(holds));
});
