// Warns before a session ends, and makes it last. Loaded when that is near; without it, it just ends.
const ASK_AGAIN_S = 30;
const LATE_MS = 60000;

export function watch(box, say) {
  const words = box.querySelector("p");
  const form = box.querySelector("form");
  const signIn = box.querySelector("a");
  const warn = Number(box.dataset.warn);
  let timer;
  let asked = 0;

  function later(seconds) {
    clearTimeout(timer);
    timer = setTimeout(ask, seconds * 1000);
  }
  // Another window may have asked for something meanwhile: only the server knows.
  async function ask() {
    asked = Date.now();
    try {
      const answer = await fetch(box.dataset.ask, { headers: { "HX-Request": "true", "X-Unattended": "1" } });
      if (answer.status === 401) return ended();
      plan(await answer.json());
    } catch {
      later(ASK_AGAIN_S);
    }
  }
  function plan({ seconds, can_stay: canStay }) {
    if (seconds <= 0) return ended();
    if (seconds > warn) {
      hide();
      return later(seconds - warn);
    }
    const minutes = Math.max(1, Math.round(seconds / 60));
    const when = `in ${minutes} ${minutes === 1 ? "minute" : "minutes"}`;
    form.hidden = !canStay;
    show(canStay ? `You are signed out ${when}, because you did nothing here for a while.`
      : `You are signed out ${when}: a session lasts 12 hours. Save what you are typing.`);
    later(Math.min(60, seconds));
  }
  function show(text) {
    box.hidden = false;
    if (words.textContent === text) return;
    words.textContent = text;
    say(text);
  }
  function hide() {
    const leaves = box.contains(document.activeElement);
    box.hidden = true;
    words.textContent = "";
    if (leaves) document.getElementById("main").focus();
  }
  function ended() {
    clearTimeout(timer);
    form.hidden = true;
    signIn.hidden = false;
    signIn.href = `${signIn.dataset.to}?next=${encodeURIComponent(location.pathname + location.search)}`;
    show("Your session has ended.");
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { "HX-Request": "true" } });
      if (answer.status === 401) return ended();
      plan(await answer.json());
      say("You stay signed in.");
    } catch {
      show("Flightdeck could not be reached. Try again.");
    }
  });
  // A machine that slept does not count the time.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && signIn.hidden && Date.now() - asked > LATE_MS) ask();
  });
  ask();
}
