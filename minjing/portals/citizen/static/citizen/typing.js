// What somebody types while an answer is on its way stays: the questions that come back know only what was sent.
const QUESTIONS = "questions";

let sent = new Map();
let typed = new Map();

function values(form) {
  const found = new Map();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string") found.set(name, [...(found.get(name) ?? []), value]);
  }
  return found;
}

function write(field, words) {
  const isHere = field === document.activeElement && field.selectionStart !== null;
  const caret = isHere ? [field.selectionStart, field.selectionEnd] : null;
  field.value = words;
  if (caret) field.setSelectionRange(...caret);
}

function put(form, name, wanted) {
  const left = [...wanted];
  for (const field of form.querySelectorAll(`#${QUESTIONS} [name="${CSS.escape(name)}"]`)) {
    if (field.type === "checkbox" || field.type === "radio") field.checked = wanted.includes(field.value);
    else if (field.type !== "hidden" && field.type !== "file" && left.length) write(field, left.shift());
  }
}

function ofQuestions(event) {
  return event.detail.target?.id === QUESTIONS ? event.detail.target.closest("form") : null;
}

document.addEventListener("htmx:beforeSend", (event) => {
  const form = ofQuestions(event);
  if (form) sent = values(form);
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const form = ofQuestions(event);
  if (form) typed = values(form);
});

document.addEventListener("htmx:afterSwap", (event) => {
  const form = ofQuestions(event);
  if (!form) return;
  for (const name of new Set([...sent.keys(), ...typed.keys()])) {
    const before = sent.get(name) ?? [];
    const since = typed.get(name) ?? [];
    if (JSON.stringify(before) !== JSON.stringify(since)) put(form, name, since);
  }
});
