// The slot of the machine: takes the permit, has it written, gives it back; and the page that waits for a payment.
// The bridge signs what the slot took or wrote for a ticket of this session; this script can make neither.

import { Refused, opened, ticketFor } from "../identity/card_reader.js";

const WORDS = {
  zh: {
    waiting: "证件口已打开，请放入通行证。", writing: "正在写卡…", read: "已读到，正在核对…", written: "写好了，正在登记…",
    no_reader: "证件口没有反应。请到窗口办理。", no_slot: "本机没有证件口。请到窗口办理。", no_permit: "没有等到通行证。请再试一次。",
    slot: "通行证读写没有成功，已退出。请再试一次，或到窗口。", other: "没有成功。请再试一次，或到窗口。", over: "等待付款超时。",
  },
  en: {
    waiting: "The slot is open: put your permit in.", writing: "Writing…", read: "Read; checking…", written: "Written; recording…",
    no_reader: "The slot does not answer. Go to the counter.", no_slot: "This machine has no slot. Go to the counter.",
    no_permit: "No permit was put in. Try again.", slot: "The permit could not be read or written; it is out. Try again.",
    other: "It did not work. Try again, or go to the counter.", over: "Nobody has paid in time.",
  },
};
const LOOK_MS = 3000;
const LONGEST_MS = 180_000;
const words = () => WORDS[(document.documentElement.lang || "zh").toLowerCase().startsWith("en") ? "en" : "zh"];
const alive = () => document.dispatchEvent(new Event("keydown"));
const refuse = (key) => { throw new Refused(key, words()[key] ?? words().other); };

async function ask(form, say) {
  const line = await opened(form.dataset.slot).catch(() => refuse("no_reader"));
  try {
    line.say({ do: "hello" });
    const hello = await line.next();
    if (hello.refused || !hello.slot) refuse("no_slot");
    const what = form.dataset.slotDo;
    const ticket = await ticketFor(hello.device, form.dataset.slotTicket, form.elements.csrfmiddlewaretoken.value);
    alive();
    say(what === "write" ? words().writing : words().waiting);
    line.say({ do: what, ticket, words: form.dataset.slotWords });
    for (;;) {
      const answer = await line.next();
      if (answer.permit) return ["permit_reading", answer.permit, words().read];
      if (answer.written) return ["written_reading", answer.written, words().written];
      if (answer.state !== "waiting") refuse(answer.refused ?? "other");
    }
  } finally {
    line.socket.close();
  }
}

for (const form of document.querySelectorAll("form[data-slot]")) {
  const start = form.querySelector("[data-slot-start]");
  const said = form.querySelector("[data-slot-said]");
  const say = (sentence) => { said.textContent = sentence; };
  form.hidden = false;
  const run = async () => {
    start.disabled = true;
    try {
      const [name, carried, sentence] = await ask(form, say);
      say(sentence);
      form.elements[name].value = carried;
      form.submit();
    } catch (error) {
      say(error.message);
      start.disabled = false;
    }
  };
  start.addEventListener("click", run);
  if (form.dataset.slotNow !== undefined) run();
}

for (const box of document.querySelectorAll("[data-paid]")) {
  const begun = Date.now();
  const look = async () => {
    if (Date.now() - begun > LONGEST_MS) { box.querySelector("[data-pay-said]").textContent = words().over; return; }
    const answer = await fetch(box.dataset.paid, { headers: { Accept: "application/json" } }).catch(() => null);
    const said = answer?.ok ? await answer.json().catch(() => ({})) : {};
    if (said.paid) { location.replace(box.dataset.onward); return; }
    alive();
    setTimeout(look, LOOK_MS);
  };
  setTimeout(look, LOOK_MS);
}
