// On to the gateway: UnionPay's form goes by itself, WeChat's window opens where the browser is WeChat.
// Without script the buttons on the page do the same.

const form = document.querySelector("[data-pay-form]");
if (form) form.submit();

const button = document.querySelector("[data-pay-jsapi]");
if (button) {
  const open = () => {
    const said = Object.fromEntries(new URLSearchParams(button.dataset.payJsapi));
    // Whatever the window says, only the gateway's own word counts: we go and ask.
    window.WeixinJSBridge.invoke("getBrandWCPayRequest", said, () => location.assign(button.dataset.then));
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
