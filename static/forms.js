// What the form of a campaign does beyond HTML: figures while a budget is typed, and advertisers
// found while a name is typed. The form works without this file.
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const say = (words) => { $("live").textContent = words; };

  // Nothing comes back when nobody is signed in any more: what is typed must not be left for that.
  async function ask(address, values) {
    const url = new URL(address, location.href);
    Object.entries(values).forEach(([name, value]) => url.searchParams.set(name, value));
    try {
      const answer = await fetch(url);
      return answer.ok && !answer.redirected ? await answer.text() : null;
    } catch {
      return null;
    }
  }
  // Runs after a pause in typing; an answer that a later question overtook is dropped.
  function settling(pause, question, use) {
    let waits, turn = 0;
    return () => {
      clearTimeout(waits);
      const mine = ++turn;
      waits = setTimeout(async () => {
        const text = await question();
        if (text !== null && mine === turn) use(text);
      }, pause);
    };
  }

  const figures = $("figures");
  if (figures) {
    const budget = $("total_budget"), currency = $("total_budget_currency");
    const look = settling(
      300,
      () => ask(figures.dataset.ask, { total_budget: budget.value, total_budget_currency: currency.value }),
      (text) => {
        figures.innerHTML = text;
        say([...figures.querySelectorAll("[data-says], label, button")].map((el) => el.textContent).join(". "));
      },
    );
    budget.addEventListener("input", look);
    currency.addEventListener("change", look);
    figures.addEventListener("click", (event) => {
      const reading = event.target.closest("button")?.value;
      if (!reading) return;
      event.preventDefault();
      budget.value = reading.slice("reading:".length);
      budget.focus();
      look();
    });
  }

  const select = $("advertiser_id");
  if (select?.dataset.suggest) combobox(select);

  // The select stays and holds what is chosen; an input takes its place on the page.
  function combobox(select) {
    const input = document.createElement("input"), list = document.createElement("ul");
    const words = () => (select.value ? select.selectedOptions[0].textContent : "");
    for (const [name, value] of Object.entries({
      type: "text", role: "combobox", name: "advertiser_search", autocomplete: "off", maxlength: "100",
      placeholder: "Type a name or an agency", spellcheck: "false",
      "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": "advertiser-list",
    })) input.setAttribute(name, value);
    for (const name of ["aria-describedby", "aria-invalid"]) {
      if (select.hasAttribute(name)) input.setAttribute(name, select.getAttribute(name));
    }
    list.id = "advertiser-list";
    list.className = "options";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Suggestions");
    list.hidden = true;
    const box = document.createElement("div");
    box.className = "combobox";
    input.value = words() || select.dataset.typed;
    select.id = "advertiser-chosen";
    input.id = "advertiser_id";
    select.hidden = true;
    $("advertiser-step")?.remove();
    select.after(box);
    box.append(input, list);

    const options = () => [...list.querySelectorAll("[data-value]")];
    const active = () => list.querySelector("[aria-selected=true]");
    function open(state) {
      list.hidden = !state;
      input.setAttribute("aria-expanded", String(state));
      if (!state) mark(null);
    }
    function mark(option) {
      active()?.setAttribute("aria-selected", "false");
      option?.setAttribute("aria-selected", "true");
      option?.scrollIntoView({ block: "nearest" });
      if (option) input.setAttribute("aria-activedescendant", option.id);
      else input.removeAttribute("aria-activedescendant");
    }
    function choose(option) {
      const { value } = option.dataset;
      if (![...select.options].some((each) => each.value === value)) select.add(new Option(option.textContent, value));
      select.value = value;
      input.value = words();
      open(false);
    }
    const look = settling(150, () => ask(select.dataset.suggest, { q: words() === input.value ? "" : input.value }), (text) => {
      if (document.activeElement !== input) return;
      list.innerHTML = text;
      open(true);
      const count = options().length;
      say(count ? `${count} advertisers, use the arrow keys` : list.textContent);
    });
    function step(by) {
      if (list.hidden) return look();
      const all = options(), at = all.indexOf(active());
      if (all.length) mark(all[(at < 0 && by < 0 ? all.length : at + by + all.length) % all.length]);
    }
    const KEYS = {
      ArrowDown: () => step(1),
      ArrowUp: () => step(-1),
      Enter: () => choose(active()),
      Escape: () => open(false),
    };
    input.addEventListener("keydown", (event) => {
      const does = KEYS[event.key];
      const free = list.hidden || (event.key === "Enter" && !active());
      if (!does || (free && !event.key.startsWith("Arrow"))) return;
      event.preventDefault();
      does();
    });
    // Other words than those that were chosen choose nothing: what is seen is what is sent.
    input.addEventListener("input", () => {
      select.value = "";
      look();
    });
    input.addEventListener("click", () => { if (list.hidden) look(); });
    input.addEventListener("blur", () => {
      const same = options().filter((each) => each.textContent === input.value.trim());
      if (!select.value && same.length === 1) choose(same[0]);
      open(false);
    });
    list.addEventListener("mousedown", (event) => event.preventDefault());
    list.addEventListener("click", ({ target }) => {
      const option = target.closest("[data-value]");
      if (option) choose(option);
    });
  }
})();
