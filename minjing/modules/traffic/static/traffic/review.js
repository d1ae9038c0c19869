// One key a decision: each button names its key. Nothing happens while something is typed or a decision is on its way.
"use strict";
const form = document.querySelector("[data-review]");
let sent = false;
document.addEventListener("keydown", (event) => {
  if (!form || sent || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select")) return;
  const button = form.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (!button) return;
  event.preventDefault();
  sent = true;
  form.requestSubmit(button);
});
