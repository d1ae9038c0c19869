// Improves <input type="file" data-upload> in a plain form: each file goes up in pieces, with progress, retry,
// resume and cancel; then the form sends the file's id instead of the file. Without this script the form works.
//
// The form gets one hidden input `<input name>_id` for each file that has arrived (data-upload-name changes the name).
// data-upload-url: where uploads begin; data-upload-purpose: what it is for; data-upload-auto: send the form at the end.
// Words come from data-upload-text='{"sending":…,"done":…,"retry":…,"cancel":…,"failed":…,"remove":…}' or the defaults.
// Events on the input, bubbling: "upload:done" (detail: the file), "upload:failed" (detail: message).

const WORDS = {
  zh: { sending: "正在上传", checking: "正在检查", done: "已上传", retry: "重试", cancel: "取消", remove: "移除", waiting: "网络中断，正在重试", failed: "上传失败" },
  en: { sending: "Sending", checking: "Checking", done: "Uploaded", retry: "Try again", cancel: "Cancel", remove: "Remove", waiting: "Connection lost, trying again", failed: "Upload failed" },
};
const PAUSES_MS = [500, 1000, 2000, 4000, 8000, 15000, 30000];
const REMEMBERED_MS = 23 * 3600 * 1000;

class Failure extends Error {
  constructor(message, { final = false, offset = null } = {}) {
    super(message);
    this.final = final;
    this.offset = offset;
  }
}

const language = () => ((document.documentElement.lang || "zh").toLowerCase().startsWith("en") ? "en" : "zh");

function words(input) {
  const own = input.dataset.uploadText ? JSON.parse(input.dataset.uploadText) : {};
  return { ...WORDS[language()], ...own };
}

const token = (form) => form.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";

async function ask(form, url, options, signal) {
  let answer;
  try {
    answer = await fetch(url, {
      credentials: "same-origin", signal, ...options,
      headers: { "X-CSRFToken": token(form), Accept: "application/json", ...options.headers },
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure("network");
  }
  if (answer.status === 204) return {};
  const said = await answer.json().catch(() => ({}));
  if (answer.ok) return said;
  if (answer.status === 409) throw new Failure("out of step", { offset: said.offset });
  throw new Failure(said.text?.[language()] ?? said.message ?? `${answer.status}`, { final: answer.status < 500 && answer.status !== 429 });
}

// An upload is found again after a reload by what the file is; nothing of its content is remembered.
const memory = {
  key: (file) => `upload:${file.name}:${file.size}:${file.lastModified}`,
  get(file) {
    try {
      const kept = JSON.parse(sessionStorage.getItem(this.key(file)) ?? "null");
      return kept && Date.now() - kept.at < REMEMBERED_MS ? kept : null;
    } catch { return null; }
  },
  set(file, upload) {
    try { sessionStorage.setItem(this.key(file), JSON.stringify({ ...upload, at: Date.now() })); } catch { /* full or forbidden */ }
  },
  drop(file) {
    try { sessionStorage.removeItem(this.key(file)); } catch { /* forbidden */ }
  },
};

const online = () => (navigator.onLine ? Promise.resolve() : new Promise((go) => window.addEventListener("online", go, { once: true })));

async function patiently(attempt, onWait, signal) {
  for (let failures = 0; ; failures += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (error.name === "AbortError" || error.final || failures >= PAUSES_MS.length) throw error;
      if (error.offset === null || failures > 0) {
        onWait();
        await new Promise((go) => setTimeout(go, PAUSES_MS[failures]));
        await online();
      }
      if (signal.aborted) throw new DOMException("cancelled", "AbortError");
    }
  }
}

async function open(form, input, file, signal) {
  const kept = memory.get(file);
  if (kept) {
    try {
      const { offset } = await ask(form, kept.url, { method: "GET" }, signal);
      return { ...kept, offset };
    } catch (error) {
      if (error.name === "AbortError" || !error.final) throw error;
      memory.drop(file);
    }
  }
  const about = new URLSearchParams({ name: file.name, size: file.size, purpose: input.dataset.uploadPurpose ?? "" });
  const upload = await ask(form, input.dataset.uploadUrl || "/files/uploads/", { method: "POST", body: about }, signal);
  memory.set(file, upload);
  return upload;
}

async function send(form, input, file, show, signal) {
  const wait = () => show.state("waiting");
  const upload = await patiently(() => open(form, input, file, signal), wait, signal);
  let { offset } = upload;
  while (offset < file.size) {
    show.progress(offset / file.size);
    offset = await patiently(async () => {
      try {
        const piece = file.slice(offset, offset + upload.chunk);
        const url = `${upload.url}?offset=${offset}`;
        return (await ask(form, url, { method: "PATCH", body: piece, headers: { "Content-Type": "application/octet-stream" } }, signal)).offset;
      } catch (error) {
        if (error.offset !== null && error.offset !== undefined) return error.offset;
        throw error;
      }
    }, wait, signal);
    show.state("sending");
  }
  show.progress(1);
  show.state("checking");
  const kept = await patiently(() => ask(form, `${upload.url}finish/`, { method: "POST" }, signal), wait, signal);
  memory.drop(file);
  return { ...kept, upload };
}

function line(input, file, text) {
  const item = document.createElement("li");
  item.className = "upload";
  const name = document.createElement("span");
  name.className = "upload-name";
  name.textContent = file.name;
  const bar = document.createElement("progress");
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", file.name);
  const state = document.createElement("span");
  state.className = "upload-state";
  state.setAttribute("role", "status");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "upload-action";
  item.append(name, bar, state, button);
  return {
    item, button,
    progress(part) { bar.value = part; state.textContent = `${text.sending} ${Math.floor(part * 100)}%`; },
    state(key, message = "") {
      item.dataset.state = key;
      state.textContent = message || text[key];
      bar.hidden = key === "done" || key === "failed";
    },
    action(key, act) {
      button.textContent = text[key];
      button.setAttribute("aria-label", `${text[key]} ${file.name}`);
      button.onclick = act;
    },
  };
}

function start(form, input, file, list) {
  const text = words(input);
  const show = line(input, file, text);
  list.append(show.item);
  const run = async () => {
    const stop = new AbortController();
    let hidden = null;
    show.state("sending");
    show.action("cancel", () => {
      stop.abort();
      const kept = memory.get(file);
      memory.drop(file);
      if (kept) ask(form, kept.url, { method: "DELETE" }).catch(() => {});
      show.item.remove();
    });
    try {
      const kept = await send(form, input, file, show, stop.signal);
      hidden = document.createElement("input");
      hidden.type = "hidden";
      hidden.name = input.dataset.uploadName || `${input.dataset.uploadField}_id`;
      hidden.value = kept.id;
      show.item.append(hidden);
      show.state("done");
      show.action("remove", () => show.item.remove());
      input.dispatchEvent(new CustomEvent("upload:done", { bubbles: true, detail: kept }));
      return true;
    } catch (error) {
      if (error.name === "AbortError") return true;
      if (error.final) memory.drop(file);
      show.state("failed", error.final ? error.message : text.failed);
      show.action(error.final ? "remove" : "retry", error.final ? () => show.item.remove() : run);
      input.dispatchEvent(new CustomEvent("upload:failed", { bubbles: true, detail: error.message }));
      return false;
    }
  };
  return run();
}

function improve(input) {
  if (input.dataset.uploadReady) return;
  input.dataset.uploadReady = "1";
  const { form } = input;
  if (!form) return;
  input.dataset.uploadField = input.name;
  const needed = input.required;
  const list = document.createElement("ul");
  list.className = "uploads";
  input.after(list);
  let under_way = 0;
  let pressed = null; // the button that was pressed while files were still on their way
  input.addEventListener("change", async () => {
    const chosen = [...input.files];
    if (chosen.length === 0) return;
    input.value = ""; // the pieces carry the file; the form sends its id
    input.required = false;
    under_way += 1;
    const fine = [];
    for (const file of chosen) fine.push(await start(form, input, file, list)); // one after the other: phones
    under_way -= 1;
    const arrived = list.querySelector("input[type=hidden]");
    input.required = needed && !arrived;
    if (under_way > 0) return;
    const wanted = pressed;
    pressed = null;
    if (!arrived || !fine.every(Boolean)) return;
    if (wanted) form.requestSubmit(wanted === form ? null : wanted);
    else if ("uploadAuto" in input.dataset) form.requestSubmit();
  });
  form.addEventListener("submit", (event) => {
    if (under_way > 0) {
      event.preventDefault(); // sent by itself once they have arrived
      pressed = event.submitter ?? form;
      list.scrollIntoView({ block: "nearest" });
    }
  });
}

const improveAll = (root) => root.querySelectorAll("input[type=file][data-upload]").forEach(improve);
improveAll(document);
document.addEventListener("htmx:load", (event) => improveAll(event.target));
