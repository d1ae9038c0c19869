// Keys of the workbench: they only press what the page already offers, so that nothing depends on them.
const typing = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;
const rows = () => [...document.querySelectorAll("table[data-list] tbody tr")];
let at = -1;

function go(step) {
  const all = rows();
  if (!all.length) return;
  all[at]?.classList.remove("here");
  at = Math.min(all.length - 1, Math.max(0, at + step));
  all[at].classList.add("here");
  all[at].scrollIntoView({ block: "nearest" });
  all[at].querySelector("a[data-open]")?.focus({ preventScroll: true });
}

function told() {
  const label = document.querySelector("[data-ticked]");
  if (!label) return;
  label.dataset.words ??= label.textContent;
  const count = document.querySelectorAll(".tick input[name=item]:checked").length;
  label.textContent = count ? label.dataset.ticked.replace("#", count) : label.dataset.words;
}

function claim() {
  const here = document.querySelector("form[data-claim]");
  if (here) return here.requestSubmit();
  const button = document.querySelector(".bulk-bar button[value=claim]");
  const box = rows()[at]?.querySelector("input[name=item]");
  if (!button) return;
  if (box && !document.querySelector("input[name=item]:checked")) box.checked = true;
  if (document.querySelector("input[name=item]:checked")) button.click();
}

// A page may give its buttons a digit: 1, 2, 3 …
function pressed(digit) {
  const button = document.querySelector(`[data-digit="${digit}"]`);
  return button ? () => button.click() : undefined;
}

const keys = {
  j: () => go(1),
  k: () => go(-1),
  x: () => {
    const box = rows()[at]?.querySelector("input[name=item]");
    if (box) { box.checked = !box.checked; told(); }
  },
  c: claim,
  g: () => document.querySelector("a[data-back]")?.click(),
  "/": () => document.getElementById("search")?.focus(),
  "?": () => document.getElementById("keys-help")?.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && typing(event.target)) return event.target.blur();
  if (typing(event.target) && !event.target.matches("input[type=checkbox]")) return;
  const press = keys[event.key] ?? (/^[1-9]$/.test(event.key) ? pressed(event.key) : undefined);
  if (press) { event.preventDefault(); press(); }
});

document.querySelectorAll("[data-keys-help]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", keys["?"]);
});
const all = document.querySelector("[data-tick-all]");
if (all) {
  all.hidden = false;
  all.addEventListener("change", () => {
    document.querySelectorAll("input[name=item]").forEach((box) => { box.checked = all.checked; });
    told();
  });
}
document.addEventListener("change", (event) => { if (event.target.matches("input[name=item]")) told(); });
