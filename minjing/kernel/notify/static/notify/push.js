// Offers notices of the browser where it can show them; without this script the page says so and lacks nothing else.
const box = document.querySelector("[data-push-key]");
const able = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

function bytes(base64url) {
  const text = atob(base64url.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(text, (sign) => sign.charCodeAt(0));
}

async function turnOn(status) {
  if ((await Notification.requestPermission()) !== "granted") throw new Error("denied");
  const worker = await navigator.serviceWorker.register("/push-worker.js", { scope: "/" });
  await navigator.serviceWorker.ready;
  const subscription = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(box.dataset.pushKey) });
  const answer = await fetch(box.dataset.pushTo, {
    method: "POST", body: JSON.stringify(subscription),
    headers: { "Content-Type": "application/json", "X-CSRFToken": box.querySelector("[name=csrfmiddlewaretoken]").value },
  });
  if (!answer.ok) throw new Error("refused");
  status.textContent = box.dataset.saidOn;
  location.reload();
}

if (box && able) {
  box.querySelector("[data-push-unable]").hidden = true;
  const button = box.querySelector("[data-push-on]");
  const status = box.querySelector("[role=status]");
  button.hidden = false;
  button.addEventListener("click", () => {
    button.disabled = true;
    turnOn(status).catch((fault) => {
      status.textContent = fault.message === "denied" ? box.dataset.saidDenied : box.dataset.saidFailed;
      button.disabled = false;
    });
  });
}
