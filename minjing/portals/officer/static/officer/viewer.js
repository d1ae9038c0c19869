// Zoom, turn and leaf through the papers of a matter. Without it each paper opens by its own link.
const viewer = document.querySelector("[data-viewer]");
if (viewer) {
  const stage = viewer.querySelector("[data-stage]");
  const tabs = [...document.querySelectorAll("[data-sheet]")];
  let scale = 1, turned = 0;

  const shown = () => stage.querySelector("img");
  function draw() {
    const image = shown();
    if (!image) return;
    stage.classList.toggle("zoomed", scale !== 1);
    image.style.transform = turned ? `rotate(${turned}deg)` : "";
    image.style.width = scale === 1 ? "" : `${Math.round(stage.clientWidth * scale)}px`;
  }
  function zoom(by) { scale = Math.min(6, Math.max(0.5, scale * by)); draw(); }
  function rotate() { turned = (turned + 90) % 360; draw(); }
  function fit() { scale = 1; turned = 0; draw(); }

  function open(tab) {
    const kind = tab.dataset.kind;
    const node = document.createElement(kind === "pdf" ? "iframe" : "img");
    node.src = tab.dataset.src;
    node[kind === "pdf" ? "title" : "alt"] = tab.dataset.title;
    stage.replaceChildren(node);
    tabs.forEach((other) => other.removeAttribute("aria-current"));
    tab.setAttribute("aria-current", "true");
    viewer.querySelector("[data-title-here]").textContent = tab.dataset.title;
    viewer.querySelector("[data-full]").href = tab.dataset.src;
    const words = viewer.dataset.wordsOf.replace("{n}", tabs.indexOf(tab) + 1).replace("{of}", tabs.length);
    viewer.querySelector("[data-position]").textContent = words;
    fit();
  }
  function leaf(step) {
    const here = tabs.findIndex((tab) => tab.hasAttribute("aria-current"));
    const next = tabs[here + step];
    if (next) open(next);
  }

  tabs.forEach((tab) => tab.addEventListener("click", (event) => { event.preventDefault(); open(tab); }));
  for (const [selector, act] of [
    ["[data-zoom=in]", () => zoom(1.4)], ["[data-zoom=out]", () => zoom(1 / 1.4)],
    ["[data-rotate]", rotate], ["[data-fit]", fit],
  ]) {
    const button = viewer.querySelector(selector);
    button.hidden = false;
    button.addEventListener("click", act);
  }
  for (const [selector, step] of [["[data-before]", -1], ["[data-after]", 1]]) {
    viewer.querySelector(selector)?.addEventListener("click", (event) => { event.preventDefault(); leaf(step); });
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    const act = { "+": () => zoom(1.4), "=": () => zoom(1.4), "-": () => zoom(1 / 1.4), r: rotate, "[": () => leaf(-1), "]": () => leaf(1) }[event.key];
    if (act) { event.preventDefault(); act(); }
  });
}
