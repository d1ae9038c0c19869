// The page "check an electronic licence": reads the code behind the # or pasted, checks it here, asks no server.
const english = document.documentElement.lang === "en";
const t = (zh, en) => (english ? en : zh);
const at = (id) => document.getElementById(id);
const STEP_S = 60;
const STATES = {
  valid: t("正常", "In force"), full_points: t("记满 12 分", "Twelve points"), suspended: t("暂扣", "Suspended"), over: t("已过有效期", "Run out"),
  stopped: t("停止使用", "Stopped"), revoked: t("吊销", "Revoked"), cancelled: t("注销", "Cancelled"),
};

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));

async function check(code, key) {
  const parts = code.trim().split("#").pop().split(".");
  if (parts.length !== 3 || parts[0] !== "MJL1" || code.length > 1200) return { reason: "form" };
  let said, signature, known;
  try {
    said = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes(parts[1])));
    signature = bytes(parts[2]);
    known = await crypto.subtle.importKey("raw", bytes(key.trim()), "Ed25519", false, ["verify"]);
  } catch (error) {
    return { reason: error.name === "NotSupportedError" ? "browser" : "form" };
  }
  const signed = new TextEncoder().encode(`${parts[0]}.${parts[1]}`);
  if (!(await crypto.subtle.verify("Ed25519", known, signature, signed))) return { reason: "signature" };
  return { said, behind: Math.floor(Date.now() / 1000 / STEP_S) - said.t };
}

const REASONS = {
  form: t("这不是电子驾驶证的文字，或者没有复制完整。", "This is no electronic licence, or it was not copied whole."),
  signature: t("签名不符：内容被改动过，或者不是本市签发的。", "The signature does not fit: it was altered, or the city did not sign it."),
  browser: t("这个浏览器不会核对 Ed25519 签名，请换新版浏览器，或用下面的命令行工具。", "This browser cannot check Ed25519 signatures. Use a newer one, or the tool below."),
};

function show(kind, heading, lines) {
  const box = at("verdict");
  box.className = `card verdict-${kind}`;
  box.replaceChildren();
  const title = document.createElement("h2");
  title.textContent = heading;
  box.append(title);
  for (const line of lines) {
    const p = document.createElement("p");
    p.textContent = line;
    box.append(p);
  }
  box.hidden = false;
  box.focus();
}

async function run(code) {
  const found = await check(code, at("key").value).catch(() => ({ reason: "browser" }));
  if (found.reason) return show("bad", `■ ${t("没有通过", "Not accepted")}`, [REASONS[found.reason]]);
  const { said, behind } = found;
  const lines = [
    `${t("姓名", "Name")} ${said.n}`, `${t("准驾车型", "Classes")} ${said.c}`,
    `${t("有效期至", "Valid until")} ${said.u === "9999-12-31" ? t("长期", "for long") : said.u}`,
    `${t("状态", "State")} ${STATES[said.s] || said.s}`,
  ];
  if (behind > 1) return show("doubt", `▲ ${t("这个码旧了", "This code is old")}`, [t(`它比您设备的时间早 ${behind} 分钟：请对方刷新页面；还是这样，就是有一方的时钟不准。`, `It is ${behind} minutes older than your clock. Let them reload; if it stays so, one of the clocks is wrong.`)]);
  if (behind < 0) return show("doubt", `▲ ${t("时钟对不上", "The clocks do not agree")}`, [t(`这个码比您设备的时间晚 ${-behind} 分钟：您的时钟慢了，请校准后再核对。`, `It is ${-behind} minutes ahead of your clock, which is slow: set it and check again.`)]);
  const good = said.s === "valid";
  lines.push(t("请对照本人：一分钟内的截图也能通过。", "Compare it with the person: a screenshot passes too within its minute."));
  return show(good ? "good" : "bad", good ? `● ${t("有效", "Genuine and in force")}` : `■ ${t("是真的，但现在不能驾驶", "Genuine, but not in force")}`, lines);
}

at("licence-form").hidden = false;
at("licence-form").addEventListener("submit", (event) => {
  event.preventDefault();
  run(at("code").value);
});
const scanned = () => {
  if (location.hash.startsWith("#MJL1.")) {
    at("code").value = location.hash.slice(1);
    run(at("code").value);
  }
};
window.addEventListener("hashchange", scanned);
scanned();
