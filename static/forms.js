// What forms do beyond HTML: figures while a budget is typed, and advertisers found while a name is
// typed. They work without this file.
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
  if (figures?.dataset.ask) {
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

  const make = (tag, attributes) => {
    const el = document.createElement(tag);
    Object.entries(attributes).forEach(([name, value]) => el.setAttribute(name, value));
    return el;
  };
  const select = $("advertiser_id");
  if (select?.dataset.suggest) replace(select);
  document.querySelectorAll("input[data-finds]").forEach(fill);

  // The select stays and holds what is chosen; an input takes its place on the page.
  function replace(select) {
    const words = () => (select.value ? select.selectedOptions[0].textContent : "");
    const input = make("input", { name: "advertiser_search", maxlength: "100" });
    for (const name of ["aria-describedby", "aria-invalid"]) {
      if (select.hasAttribute(name)) input.setAttribute(name, select.getAttribute(name));
    }
    input.value = words() || select.dataset.typed;
    select.id = "advertiser-chosen";
    input.id = "advertiser_id";
    select.hidden = true;
    $("advertiser-step")?.remove();
    select.after(input);
    const take = (value, text) => {
      if (![...select.options].some((each) => each.value === value)) select.add(new Option(text, value));
      select.value = value;
    };
    combobox(input, select.dataset.suggest, { words, take, id: "advertiser-list" });
  }

  // The input is there, and beside it a hidden field for what is chosen.
  function fill(input) {
    const hidden = $(input.dataset.finds), keeps = "keeps" in input.dataset;
    let chosen = hidden.value ? input.value : "";
    const take = (value, text) => {
      if (hidden.value === value) return;
      hidden.value = value;
      chosen = text;
      // What depends on it, as a list does, is renewed.
      if (keeps) hidden.dispatchEvent(new Event("change", { bubbles: true }));
    };
    combobox(input, input.dataset.suggest, { words: () => (hidden.value ? chosen : ""), take, keeps, id: `${input.id}-found` });
  }

  // A list under a text box. ``words`` is what is chosen, ``take`` chooses; with ``keeps``, a choice
  // holds until there is another, and what is half typed is dropped on the way out.
  function combobox(input, address, { words, take, keeps, id }) {
    const box = make("div", { class: "combobox" });
    const list = make("ul", { id, class: "options", role: "listbox", "aria-label": "Suggestions", hidden: "" });
    for (const [name, value] of Object.entries({
      type: "text", role: "combobox", autocomplete: "off", placeholder: input.placeholder || "Type a name or an agency", spellcheck: "false",
      "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id,
    })) input.setAttribute(name, value);
    input.replaceWith(box);
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
      take(option.dataset.value, option.textContent);
      input.value = words();
      open(false);
    }
    const many = input.dataset.many ?? "advertisers";
    const look = settling(150, () => ask(address, { q: words() === input.value ? "" : input.value }), (text) => {
      if (document.activeElement !== input) return;
      list.innerHTML = text;
      open(true);
      const count = options().length;
      say(count ? `${count} ${many}, use the arrow keys` : list.textContent);
    });
    function step(by) {
      if (list.hidden) return look();
      const all = options(), at = all.indexOf(active());
      if (all.length) mark(all[(at < 0 && by < 0 ? all.length : at + by + all.length) % all.length]);
    }
    // Words that name exactly one that was found are as good as a press on it.
    function settle() {
      const same = options().filter((each) => each.textContent === input.value.trim());
      if (words() !== input.value && same.length === 1) return choose(same[0]);
      if (!keeps) return;
      if (!input.value.trim()) take("", "");
      input.value = words();
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
    input.addEventListener("input", () => {
      // Other words than those that were chosen choose nothing: what is seen is what is sent.
      if (!keeps) take("", "");
      look();
    });
    input.addEventListener("click", () => { if (list.hidden) look(); });
    // What it holds is told by the field beside it.
    input.addEventListener("change", (event) => {
      if (keeps) event.stopPropagation();
      settle();
    });
    input.addEventListener("blur", () => {
      settle();
      open(false);
    });
    list.addEventListener("mousedown", (event) => event.preventDefault());
    list.addEventListener("click", ({ target }) => {
      const option = target.closest("[data-value]");
      if (option) choose(option);
    });
  }
})();
