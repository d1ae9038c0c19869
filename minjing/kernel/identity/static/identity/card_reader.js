// Reads an identity card by the reader attached to this machine, through the bridge on the loopback.
//
// <form data-card-reader="ws://127.0.0.1:9413/" data-card-ticket="/identity/card-reader/ticket/" hidden>
//   {% csrf_token %} <input type="hidden" name="card_reading">
//   <button type="button" data-card-start>…</button> <button type="button" data-card-stop hidden>…</button>
//   <p role="status" data-card-said></p>
// </form>
// The form is shown when the script runs; when the card has been read it is sent with the signed reading, which this
// script cannot make or change: the bridge signs it and the platform checks it. Without a reader a sentence says so.
// `read()` is exported for pages that do more. Events on the form, bubbling: "card:read", "card:failed".

const WORDS = {
  zh: {
    connecting: "正在连接读卡器…", waiting: "请把身份证平放在读卡器上。", read: "已读到，正在核对…", stopped: "已停止。",
    no_reader: "没有连上读卡器。请确认读卡程序已启动，或改用拍照。", busy: "读卡器正被另一个页面使用。请关闭那个页面再试。",
    no_card: "没有等到身份证。请放好后再按一次。", reader: "读卡器没有读出来。请拿起身份证，重新平放一次。",
    other: "这次读卡没有成功。请再按一次。",
  },
  en: {
    connecting: "Connecting to the card reader…", waiting: "Lay the identity card flat on the reader.",
    read: "Read; checking…", stopped: "Stopped.",
    no_reader: "The card reader does not answer. Start its program, or take a photo of the card instead.",
    busy: "Another page is using the reader. Close it and try again.", no_card: "No card was laid on. Try again.",
    reader: "The reader could not read the card. Lift it, lay it flat and try again.",
    other: "The card was not read. Try again.",
  },
};
const ANSWER_MS = 65000;

const words = () => WORDS[(document.documentElement.lang || "zh").toLowerCase().startsWith("en") ? "en" : "zh"];

export class Refused extends Error {
  constructor(key, message) {
    super(message ?? words()[key] ?? words().other);
    this.key = key;
  }
}

export function opened(address) {
  return new Promise((resolve, reject) => {
    let socket;
    try {
      socket = new WebSocket(address);
    } catch {
      reject(new Refused("no_reader"));
      return;
    }
    const answers = [];
    const waiting = [];
    const give = (answer) => (waiting.length ? waiting.shift()(answer) : answers.push(answer));
    const next = () =>
      new Promise((done) => {
        if (answers.length) return done(answers.shift());
        waiting.push(done);
        setTimeout(() => done({ refused: "no_reader" }), ANSWER_MS);
      });
    socket.onmessage = (event) => give(JSON.parse(event.data));
    socket.onclose = () => give({ refused: "no_reader" });
    socket.onerror = () => reject(new Refused("no_reader"));
    socket.onopen = () => resolve({ socket, next, say: (said) => socket.send(JSON.stringify(said)) });
  });
}

export async function ticketFor(device, url, csrf) {
  const answer = await fetch(url, {
    method: "POST", credentials: "same-origin", headers: { "X-CSRFToken": csrf, Accept: "application/json" },
    body: new URLSearchParams({ device }),
  });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    const english = (document.documentElement.lang || "").toLowerCase().startsWith("en");
    throw new Refused("device", said.text?.[english ? "en" : "zh"]);
  }
  return said.ticket;
}

// Returns the signed reading as text. `say` is told each sentence; `stop` is an AbortSignal.
export async function read({ bridge, ticketUrl, csrf, say = () => {}, stop }) {
  say(words().connecting);
  const line = await opened(bridge);
  try {
    line.say({ do: "hello" });
    const hello = await line.next();
    if (hello.refused) throw new Refused(hello.refused);
    line.say({ do: "read", ticket: await ticketFor(hello.device, ticketUrl, csrf) });
    stop?.addEventListener("abort", () => line.say({ do: "stop" }));
    for (;;) {
      const answer = await line.next();
      if (answer.state === "waiting") say(words().waiting);
      else if (answer.state === "stopped") throw new Refused("stopped");
      else if (answer.reading) return answer.reading;
      else throw new Refused(answer.refused ?? "other");
    }
  } finally {
    line.socket.close();
  }
}

function enhance(form) {
  const start = form.querySelector("[data-card-start]");
  const end = form.querySelector("[data-card-stop]");
  const status = form.querySelector("[data-card-said]");
  const say = (sentence) => { if (status) status.textContent = sentence; };
  form.hidden = false;
  start?.addEventListener("click", async () => {
    const control = new AbortController();
    const halt = () => control.abort();
    start.disabled = true;
    if (end) { end.hidden = false; end.addEventListener("click", halt, { once: true }); }
    try {
      form.elements.card_reading.value = await read({
        bridge: form.dataset.cardReader, ticketUrl: form.dataset.cardTicket,
        csrf: form.elements.csrfmiddlewaretoken?.value ?? "", say, stop: control.signal,
      });
      say(words().read);
      form.dispatchEvent(new CustomEvent("card:read", { bubbles: true }));
      form.submit();
    } catch (error) {
      say(error.message);
      form.dispatchEvent(new CustomEvent("card:failed", { bubbles: true, detail: error.key }));
      start.disabled = false;
      start.focus();
    } finally {
      if (end) { end.hidden = true; end.removeEventListener("click", halt); }
    }
  });
}

for (const form of document.querySelectorAll("form[data-card-reader]")) enhance(form);
