// Takes two pictures by the machine's camera, through the bridge on the loopback: straight, then with the step drawn.
// The bridge signs each picture for a ticket of this session; this script can neither make nor change one.

import { Refused, opened, ticketFor } from "../identity/card_reader.js";

const WORDS = {
  zh: {
    connecting: "正在连接摄像头…", straight: "第一张：请正对镜头", turned: "第二张：请做动作", sending: "拍好了，正在提交…",
    no_reader: "没有连上摄像头。请到窗口，由民警当面核验。", no_camera: "本机没有摄像头。请到窗口，由民警当面核验。",
    camera: "摄像头没有反应。请再试一次，或到窗口办理。", other: "没有拍成。请再试一次，或到窗口办理。", left: "秒后拍照",
  },
  en: {
    connecting: "Connecting to the camera…", straight: "First: look straight at the camera",
    turned: "Second: do what is asked", sending: "Taken; sending…",
    no_reader: "The camera does not answer. An officer at the counter helps you.",
    no_camera: "This machine has no camera. An officer at the counter helps you.",
    camera: "The camera does not answer. Try again, or go to the counter.",
    other: "No picture was taken. Try again, or go to the counter.", left: "s",
  },
};
const PAUSE_MS = 1500;
const words = () => WORDS[(document.documentElement.lang || "zh").toLowerCase().startsWith("en") ? "en" : "zh"];
const alive = () => document.dispatchEvent(new Event("keydown"));

async function shoot(line, form, device, see, say, part) {
  const csrf = form.elements.csrfmiddlewaretoken.value;
  line.say({ do: "shoot", ticket: await ticketFor(device, form.dataset.cameraTicket, csrf) });
  for (;;) {
    const answer = await line.next();
    if (answer.frame) {
      see.src = `data:image/jpeg;base64,${answer.frame}`;
      see.hidden = false;
      say(`${words()[part]} · ${answer.left} ${words().left}`);
    } else if (answer.shot) return answer.shot;
    else throw new Refused(answer.refused ?? "other", words()[answer.refused] ?? words().other);
  }
}

async function take(form) {
  const see = form.querySelector("[data-camera-see]");
  const said = form.querySelector("[data-camera-said]");
  const say = (sentence) => { said.textContent = sentence; };
  say(words().connecting);
  const line = await opened(form.dataset.camera).catch(() => { throw new Refused("no_reader", words().no_reader); });
  try {
    line.say({ do: "hello" });
    const hello = await line.next();
    if (hello.refused || !hello.camera) throw new Refused("no_camera", words().no_camera);
    for (const part of ["straight", "turned"]) {
      for (const step of form.querySelectorAll("[data-camera-step]")) {
        step.classList.toggle("now", step.dataset.cameraStep === part);
      }
      say(words()[part]);
      alive();
      await new Promise((done) => setTimeout(done, PAUSE_MS));
      form.elements[part].value = await shoot(line, form, hello.device, see, say, part);
    }
    say(words().sending);
    form.submit();
  } finally {
    see.removeAttribute("src");
    see.hidden = true;
    line.socket.close();
  }
}

for (const form of document.querySelectorAll("form[data-camera]")) {
  const start = form.querySelector("[data-camera-start]");
  form.hidden = false;
  start.addEventListener("click", async () => {
    start.disabled = true;
    try {
      await take(form);
    } catch (error) {
      form.querySelector("[data-camera-said]").textContent = error.message;
      start.disabled = false;
      start.focus();
    }
  });
}
