// Runs the open portal's checker in node: reads lines of [receipt, policy, entry or null] and writes one verdict each.
import { createInterface } from "node:readline";
import { check } from "../../minjing/portals/open/static/open/ledger.js";

const bytes = (text) => (text === null ? null : Uint8Array.from(Buffer.from(text, "base64")));
for await (const line of createInterface({ input: process.stdin })) {
  const [receipt, policy, entry] = JSON.parse(line);
  const { holds, steps } = await check(receipt, policy, bytes(entry));
  console.log(JSON.stringify({ holds, failed: steps.filter(({ ok }) => ok === false).map(({ name, bad }) => [name, bad.code]) }));
}
