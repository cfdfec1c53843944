// The palette: pages, views and campaigns by a few letters. Loaded when it is first asked for.
const PAUSE_MS = 120;
const FAILED = '<p class="note" data-announce>Flightdeck could not be reached. Press Enter to try again.</p>';

export function bind(dialog, announce) {
  const box = dialog.querySelector("input");
  const list = dialog.querySelector("[data-places]");
  const options = () => [...list.querySelectorAll("[role=option]")];
  let chosen = 0;
  let waiting;
  let asking;
  // What the list was asked for: Enter must not go to the answer of an earlier question.
  let answered;

  function choose(index) {
    const all = options();
    chosen = all.length ? (index + all.length) % all.length : 0;
    all.forEach((option, place) => option.setAttribute("aria-selected", String(place === chosen)));
    all[chosen]?.scrollIntoView({ block: "nearest" });
    box.setAttribute("aria-expanded", String(all.length > 0));
    if (all[chosen]) {
      box.setAttribute("aria-controls", "places");
      box.setAttribute("aria-activedescendant", all[chosen].id);
    } else {
      box.removeAttribute("aria-controls");
      box.removeAttribute("aria-activedescendant");
    }
  }

  function show(html, text) {
    list.innerHTML = html;
    answered = text;
    choose(0);
    announce(list);
  }

  async function ask() {
    clearTimeout(waiting);
    asking?.abort();
    asking = new AbortController();
    const text = box.value;
    try {
      const address = `${dialog.dataset.ask}?${new URLSearchParams({ q: text })}`;
      const answer = await fetch(address, { signal: asking.signal, headers: { "HX-Request": "true" } });
      if (answer.headers.has("HX-Redirect")) return location.assign(answer.headers.get("HX-Redirect"));
      if (!answer.ok) throw new Error(`answer ${answer.status}`);
      show(await answer.text(), text);
    } catch (problem) {
      if (problem.name !== "AbortError") show(FAILED);
    }
  }

  async function go() {
    if (answered !== box.value) await ask();
    if (answered === box.value) options()[chosen]?.click();
  }

  const KEYS = {
    ArrowDown: () => choose(chosen + 1),
    ArrowUp: () => choose(chosen - 1),
    Enter: go,
  };
  box.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, PAUSE_MS);
  });
  box.addEventListener("keydown", (event) => {
    if (event.isComposing || !KEYS[event.key]) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  return ask;
}
