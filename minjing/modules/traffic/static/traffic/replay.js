// The replay moves the ambulance along the track by itself. Without it the slider is a form and the steps are links.
const box = document.querySelector("[data-replay]");
if (box) {
  const steps = JSON.parse(box.dataset.steps);
  const slider = box.querySelector("#step"), mark = box.querySelector("[data-ambulance]");
  const now = box.querySelector("[data-now]"), run = box.querySelector("[data-run]");
  let timer = 0;

  function show(step) {
    const [x, y, turn, at] = steps[step];
    mark.setAttribute("transform", `translate(${x} ${y}) rotate(${turn})`);
    now.textContent = at;
    slider.value = step;
    slider.setAttribute("aria-valuetext", at);
  }
  function stop() { clearInterval(timer); timer = 0; run.textContent = box.dataset.play; }
  function tick() {
    const next = Number(slider.value) + 1;
    if (next >= steps.length) return stop();
    show(next);
  }
  run.hidden = false;
  box.querySelector("[data-go]").hidden = true;
  run.addEventListener("click", () => {
    if (timer) return stop();
    if (Number(slider.value) >= steps.length - 1) show(0);
    run.textContent = box.dataset.pause;
    timer = setInterval(tick, 200);
  });
  slider.addEventListener("input", () => { stop(); show(Number(slider.value)); });
}
