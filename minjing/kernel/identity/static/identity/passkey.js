// Passkeys: asks the browser to make or use one, puts its answer in the form's field "credential" and sends the form.
// Works on <form data-passkey="create|get"> with its options in <script type="application/json" id="passkey-options">.
const form = document.querySelector("form[data-passkey]");
const source = document.getElementById("passkey-options");

const toBytes = (text) => {
  const base64 = text.replace(/-/g, "+").replace(/_/g, "/");
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer;
};
const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

function readable(options) {
  const key = structuredClone(options.publicKey);
  key.challenge = toBytes(key.challenge);
  if (key.user) key.user.id = toBytes(key.user.id);
  for (const list of ["allowCredentials", "excludeCredentials"]) {
    for (const item of key[list] ?? []) item.id = toBytes(item.id);
  }
  return { publicKey: key };
}

function answer(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = toText(credential.response[name]);
  }
  if (credential.response.getTransports) response.transports = credential.response.getTransports();
  return {
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    response,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

if (form && source && window.PublicKeyCredential) {
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault();
    const failed = form.querySelector("[data-failed]");
    try {
      const options = readable(JSON.parse(source.textContent));
      const made = await navigator.credentials[form.dataset.passkey](options);
      form.elements.credential.value = JSON.stringify(answer(made));
      form.requestSubmit();
    } catch {
      // The person closed the browser's dialog, or the device has no such key.
      if (failed) failed.hidden = false;
    }
  });
}
