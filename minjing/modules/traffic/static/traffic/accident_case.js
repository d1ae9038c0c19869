// Keys choose: a digit the situation, A or B whose act it was, R goes to the reasons, Ctrl+Enter decides, T takes over.
"use strict";
const form = document.querySelector("[data-case]");
document.addEventListener("keydown", (event) => {
  if (form && event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form.requestSubmit(); return; }
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input:not([type=radio]), textarea, select")) return;
  const chosen = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (!chosen) return;
  event.preventDefault();
  if (chosen.type === "radio") { chosen.checked = true; chosen.focus(); }
  else if (chosen.tagName === "TEXTAREA") chosen.focus();
  else chosen.click();
  if (chosen.value === "free") document.getElementById("free").open = true;
});
