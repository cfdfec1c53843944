// Suggestions under the search box, as a combobox. The box works without this file.
"use strict";
(() => {
  const box = document.querySelector("[data-suggest]");
  const list = box && document.getElementById(box.dataset.list);
  if (!list) return;
  const options = () => [...list.querySelectorAll("[role=option]")];
  let active = -1;
  let waiting;
  let asking;

  Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-controls": list.id, "aria-expanded": "false" })
    .forEach(([name, value]) => box.setAttribute(name, value));

  function show(html) {
    list.innerHTML = html;
    list.hidden = !options().length;
    box.setAttribute("aria-expanded", String(!list.hidden));
    choose(-1);
  }
  function close() {
    clearTimeout(waiting);
    asking?.abort();
    show("");
  }
  function choose(index) {
    active = index;
    options().forEach((option, place) => option.setAttribute("aria-selected", String(place === index)));
    const chosen = options()[index];
    if (chosen) {
      box.setAttribute("aria-activedescendant", chosen.id);
      chosen.scrollIntoView({ block: "nearest" });
    } else {
      box.removeAttribute("aria-activedescendant");
    }
  }
  function take(option) {
    const { text, at } = option.dataset;
    close();
    box.value = text;
    box.setSelectionRange(Number(at), Number(at));
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }
  async function ask() {
    asking?.abort();
    asking = new AbortController();
    const query = new URLSearchParams({ q: box.value, at: box.selectionStart });
    try {
      const answer = await fetch(`${box.dataset.suggest}?${query}`, { signal: asking.signal, headers: { "HX-Request": "true" } });
      const html = answer.ok && !answer.redirected ? await answer.text() : "";
      if (document.activeElement === box) show(html);
    } catch {
      // Without an answer there are no suggestions, and typing goes on.
      list.hidden = true;
    }
  }

  box.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 150);
  });
  box.addEventListener("blur", close);
  box.addEventListener("keydown", (event) => {
    const count = options().length;
    if (list.hidden || !count) return;
    if (event.key === "ArrowDown") choose((active + 1) % count);
    else if (event.key === "ArrowUp") choose(active < 1 ? count - 1 : active - 1);
    else if (event.key === "Enter" && active >= 0) take(options()[active]);
    else if (event.key === "Escape") close();
    else {
      if (event.key === "Enter") close();
      return;
    }
    event.preventDefault();
  });
  // Before the box loses the focus.
  list.addEventListener("mousedown", (event) => {
    event.preventDefault();
    const option = event.target.closest("[role=option]");
    if (option) take(option);
  });
})();
