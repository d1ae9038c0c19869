// The page "check a receipt": takes files or pasted text, asks ledger.js, and draws the verdict step by step.
import { able, base64, check, hex } from "./ledger.js";

const english = document.documentElement.lang === "en";
const t = (zh, en) => (english ? en : zh);
const at = (id) => document.getElementById(id);
const MARK = { true: "●", false: "■", null: "○" };

const STEPS = {
  form: [t("凭证完整", "The receipt is whole"), t("凭证、条目、路径和检查点都读得出来。", "Receipt, entry, path and checkpoint can be read.")],
  log: [t("账本签了名", "The ledger signed"), t("检查点的签名与账本的公钥相符。", "The signature under the checkpoint is the ledger’s.")],
  witnesses: [t("见证人看到了", "Witnesses saw it"), ""],
  opening: [t("内容就是这些", "These are its contents"), t("开示文件里的内容，正是这一条承诺过的。", "What the disclosure says is exactly what the entry committed to.")],
  path: [t("这一条在账本里", "The entry is in it"), t("从这一条一路算上去，正好得到签了名的根哈希。", "Hashed upwards step by step, the entry gives exactly the signed root.")],
};

const REASONS = {
  base64: t("有一行不是规范的 base64，凭证被改动过或没有复制完整。", "A line is not proper base64: the receipt was altered or not copied whole."),
  key: t("信任策略里有一个公钥写错了。", "A public key in the policy is wrong."),
  note: t("检查点下面没有可读的签名。", "There are no readable signatures under the checkpoint."),
  checkpoint: t("检查点的大小或根哈希不合规范。", "The size or the root in the checkpoint is malformed."),
  policy: t("信任策略读不出来，请看一看这里：", "The policy cannot be read; look here: "),
  receipt: t("这不是凭证：第一行应是 c2sp.org/tlog-proof@v1。", "This is not a receipt: its first line should be c2sp.org/tlog-proof@v1."),
  path: t("凭证里的序号或路径不合规范。", "The index or the path in the receipt is malformed."),
  entry: t("凭证里没有条目，或者与您给的条目不同。", "The receipt carries no entry, or another than the one you gave."),
  no_log: t("信任策略里的账本都没有给这个检查点签名。", "No ledger of the policy signed this checkpoint."),
  forged: t("签名是伪造的，或者内容被改动过：", "The signature is forged or its text was altered: "),
  few: t("签名的见证人不够。", "Too few witnesses signed."),
  opening: t("开示文件被改动过，或者属于另一条。", "The disclosure was altered, or belongs to another entry."),
  root: t("算出来的根与签了名的根不同：条目、序号或路径被改动过。", "The root that comes out is not the signed one: entry, index or path was altered."),
  browser: t("这个浏览器不会核对 Ed25519 签名。请换新版浏览器，或用下面的命令行工具。", "This browser cannot check Ed25519 signatures. Use a newer one, or the command-line tool below."),
};

const element = (tag, text = "", name = "") => {
  const made = document.createElement(tag);
  made.textContent = text;
  if (name) made.className = name;
  return made;
};

const moment = (seconds) =>
  new Date(seconds * 1000).toLocaleString(english ? "en-GB" : "zh-CN", { dateStyle: "long", timeStyle: "medium" });

function reason({ bad }) {
  const said = REASONS[bad.code];
  return bad.detail && /[：:] ?$/.test(said) ? said + bad.detail : said;
}

function seenBy(result) {
  const names = result.witnesses.map(({ name, at: seen }) => `${name}${t("（", " (")}${moment(seen)}${t("）", ")")}`);
  const asked = t(`策略要求 ${result.needed} 家。`, `The policy asks for ${result.needed}.`);
  return names.length ? `${names.join(t("、", ", "))}${t("。", ". ")}${asked}` : asked;
}

function drawStep(step, result) {
  const [title, good] = STEPS[step.name];
  const item = element("li", "", `receipt-${step.ok === true ? "good" : step.ok === false ? "bad" : "open"}`);
  const word = { true: t("成立", "holds"), false: t("不成立", "fails"), null: t("未核对", "not checked") }[step.ok];
  const head = element("p");
  const mark = element("span", MARK[step.ok], "receipt-mark");
  mark.setAttribute("aria-hidden", "true");
  head.append(mark, element("b", title), element("small", word));
  item.append(head);
  const told = step.bad ? reason(step) : step.ok && step.name === "witnesses" ? seenBy(result) : step.ok ? good : "";
  if (told) item.append(element("p", told));
  return item;
}

function drawPath(path) {
  const list = element("ol", "", "receipt-path");
  path.forEach(({ hash, left, total }, level) => {
    const item = element("li");
    if (hash) {
      item.append(element("span", left ? t("左邻", "left") : t("右邻", "right")), element("code", hex(hash)));
    } else {
      item.append(element("span", t("条目", "entry")), element("code", hex(total)));
    }
    if (level === path.length - 1) item.append(element("span", t("根", "root")), element("code", hex(total)));
    list.append(item);
  });
  return list;
}

function headline(result) {
  if (result.holds) return ["valid", "●", t("凭证成立", "The receipt holds"), t("这一条确实在公开账本里，之后没有人改动、移动或删除过它。", "This entry stands in the public ledger; since then nobody has changed, moved or removed it.")];
  if (result.steps.every(({ ok }) => ok !== false)) return ["expired", "▲", t("没能核对完", "Not checked to the end"), t("下面写着缺什么。", "What is missing is said below.")];
  return ["revoked", "■", t("凭证不成立", "The receipt does not hold"), t("请不要相信它。下面写着哪一步不对。", "Do not rely on it. The step that fails is shown below.")];
}

function draw(result) {
  const verdict = at("verdict");
  const [state, shape, title, told] = headline(result);
  const banner = element("div", "", `open-verdict open-${state}`);
  const head = element("h2");
  const mark = element("span", shape);
  mark.setAttribute("aria-hidden", "true");
  head.append(mark, ` ${title}`);
  banner.append(head, element("p", told));
  const steps = element("ol", "", "receipt-steps");
  steps.append(...result.steps.map((step) => drawStep(step, result)));
  verdict.replaceChildren(banner, steps);
  if (result.entry) verdict.append(drawFacts(result));
  if (result.path.length) {
    const more = element("details", "", "open-more");
    more.append(element("summary", t(`从条目到根的 ${result.path.length - 1} 步`, `The ${result.path.length - 1} steps from the entry to the root`)), drawPath(result.path));
    verdict.append(more);
  }
  verdict.hidden = false;
  verdict.focus();
  verdict.scrollIntoView({ block: "start" });
}

function drawFacts(result) {
  const text = new TextDecoder().decode(result.entry);
  const facts = [
    [t("条目原文", "The entry"), text],
    ...(result.opened ? [[t("它的内容", "Its contents"), `${result.opened.kind} ${result.opened.content}`]] : []),
    [t("账本", "Ledger"), result.origin],
    [t("序号（从 0 起）", "Index (from 0)"), String(result.index)],
    [t("签名时账本共有", "Entries when signed"), String(result.size)],
    [t("根哈希", "Root hash"), base64(result.root)],
  ];
  const list = element("dl", "", "open-facts card");
  for (const [term, value] of facts) {
    const box = element("div", "", value.length > 40 ? "open-wide" : "");
    const shown = element("dd");
    shown.append(element("code", value, "break"));
    box.append(element("dt", term), shown);
    list.append(box);
  }
  return list;
}

/** Return the bytes that were chosen as a file, else null. */
const chosen = async (id) => (at(id).files.length ? new Uint8Array(await at(id).files[0].arrayBuffer()) : null);

/** Return [entry, disclosure] of the second file: the bytes of an entry, or the JSON of the person concerned. */
function apart(file) {
  try {
    const found = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(file ?? new Uint8Array()));
    if (typeof found?.opening === "string") return [null, found];
  } catch {
    // No JSON: then it is the entry itself.
  }
  return [file, null];
}

async function run(event) {
  event.preventDefault();
  const file = await chosen("receipt-file");
  let text;
  try {
    text = file ? new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(file) : at("receipt-text").value;
  } catch {
    text = "";
  }
  // Pasting loses the last line break; a file is taken byte for byte.
  if (!file && text && !text.endsWith("\n")) text += "\n";
  const [entry, disclosure] = apart(await chosen("entry-file"));
  draw(await check(text, at("policy").value, entry, disclosure));
}

function takeDrop(event) {
  event.preventDefault();
  at("drop").classList.remove("over");
  if (!event.dataTransfer.files.length) return;
  at("receipt-file").files = event.dataTransfer.files;
  at("receipt-text").value = "";
}

// What was given last counts.
at("receipt-file").addEventListener("change", () => (at("receipt-text").value = ""));
at("receipt-text").addEventListener("input", () => (at("receipt-file").value = ""));
at("receipt-form").hidden = false;
at("receipt-form").addEventListener("submit", run);
at("drop").addEventListener("drop", takeDrop);
for (const kind of ["dragover", "dragleave"]) {
  at("drop").addEventListener(kind, (event) => {
    event.preventDefault();
    at("drop").classList.toggle("over", kind === "dragover");
  });
}
if (!(await able())) at("unable").hidden = false;
