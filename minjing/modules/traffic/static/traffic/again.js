// A page that shows a new code each minute, or waits for the other phone, comes again after data-again seconds.
const seconds = Number(document.querySelector("[data-again]")?.dataset.again);
if (seconds) setTimeout(() => location.reload(), seconds * 1000);
