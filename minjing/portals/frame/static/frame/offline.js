// Says when the network is gone, and when it is back; what is on the page stays as it is.
const note = document.getElementById("offline");

function tell() {
  note.hidden = navigator.onLine;
}

window.addEventListener("offline", tell);
window.addEventListener("online", tell);
document.addEventListener("htmx:sendError", () => { note.hidden = false; });
document.addEventListener("htmx:afterOnLoad", () => { note.hidden = true; });
tell();
