// The machine's comfort: a keypad, a countdown that touching begins anew, printing by itself. All of it works without.
const idle = 60_000;
const countdown = document.querySelector("[data-countdown]");
let timer = 0;
let told = Date.now();

function again() {
  if (!countdown) return;
  countdown.classList.add("again");
  void countdown.offsetWidth;
  countdown.classList.remove("again");
  clearTimeout(timer);
  timer = setTimeout(() => location.replace("/kiosk/end/?why=timeout"), idle);
  if (Date.now() - told < 15_000) return;
  told = Date.now();
  const token = document.querySelector("input[name=csrfmiddlewaretoken]")?.value ?? "";
  fetch("/kiosk/alive/", { method: "POST", headers: { "X-CSRFToken": token } })
    .then((answer) => { if (answer.status === 410) location.replace("/kiosk/end/?why=timeout"); })
    .catch(() => {});
}

for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, again, { passive: true });
if (countdown) again();
// A page that the browser kept for "back" is never shown: it is asked for anew, and answers nobody.
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

for (const pad of document.querySelectorAll("[data-keypad]")) {
  const field = document.getElementById(pad.dataset.keypad);
  pad.hidden = false;
  pad.addEventListener("click", (event) => {
    const key = event.target.closest("[data-key]")?.dataset.key;
    if (!key) return;
    if (key === "back") field.value = field.value.slice(0, -1);
    else if (key === "clear") field.value = "";
    else if (field.value.length < field.maxLength) field.value += key;
    field.focus();
  });
}

for (const box of document.querySelectorAll("[data-see]")) {
  box.hidden = false;
  box.nextElementSibling.hidden = false;
  box.addEventListener("change", () => { document.getElementById(box.dataset.see).type = box.checked ? "text" : "password"; });
}

// A receipt is the page itself and prints at once; a PDF lies in a frame of the browser's viewer and prints when asked.
const sheet = document.querySelector("[data-print]");
const framed = sheet?.tagName === "IFRAME";
const print = () => (framed ? sheet.contentWindow.print() : window.print());
if (sheet) {
  if (!framed) setTimeout(print, 300);
  const button = document.querySelector("[data-print-again]");
  if (button && (!framed || navigator.pdfViewerEnabled)) { button.hidden = false; button.addEventListener("click", print); }
}

// A permit that lies in the slot comes out where a page says so, and when the machine is left.
for (const mark of document.querySelectorAll("[data-slot-release]")) {
  try {
    const socket = new WebSocket(mark.dataset.slotRelease);
    socket.onopen = () => socket.send(JSON.stringify({ do: "give_back" }));
    socket.onmessage = () => socket.close();
    socket.onerror = () => {};
  } catch { /* no bridge beside this machine */ }
}
