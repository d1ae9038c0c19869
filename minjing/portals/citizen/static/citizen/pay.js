// On to the gateway: UnionPay's form goes by itself, WeChat's window opens where the browser is WeChat.
// A page that waits looks again by itself and moves on only when something has changed: nobody's reading is cut off.
// Without script the buttons on the page do the same.

const form = document.querySelector("[data-pay-form]");
if (form) form.submit();

const button = document.querySelector("[data-pay-jsapi]");
if (button) {
  const open = () => {
    const said = Object.fromEntries(new URLSearchParams(button.dataset.payJsapi));
    // Whatever the window says, only the gateway's own word counts: we go and ask. Who has closed it may open it again.
    window.WeixinJSBridge.invoke("getBrandWCPayRequest", said, (answer) => {
      if (answer?.err_msg !== "get_brand_wcpay_request:cancel") location.assign(button.dataset.then);
    });
  };
  const ready = () => {
    button.hidden = false;
    const plain = document.querySelector("[data-pay-plain]");
    if (plain) plain.hidden = true;
    button.addEventListener("click", open);
    open();
  };
  if (window.WeixinJSBridge) ready();
  else document.addEventListener("WeixinJSBridgeReady", ready, { once: true });
}

const waiting = document.querySelector("[data-look-again]");
if (waiting) {
  setInterval(async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.href, { credentials: "same-origin" });
      if (answer.redirected) return location.replace(answer.url);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!page.querySelector("[data-look-again]")) location.reload();
    } catch {
      // The network is gone for a moment: the next look finds out.
    }
  }, waiting.dataset.lookAgain * 1000);
}
