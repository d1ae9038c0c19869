// Where the phone is, when its holder allows it: sent with the form, never without a touch on the button.
"use strict";
const button = document.querySelector("[data-locate]");
if (button && navigator.geolocation) {
  button.hidden = false;
  button.addEventListener("click", () => navigator.geolocation.getCurrentPosition((found) => {
    document.getElementById("lat").value = found.coords.latitude.toFixed(6);
    document.getElementById("lon").value = found.coords.longitude.toFixed(6);
    button.textContent = button.dataset.done;
    button.disabled = true;
  }, () => { button.textContent = button.dataset.failed; }, { enableHighAccuracy: true, timeout: 8000 }));
}
