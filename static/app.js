// What the pages do beyond HTML and htmx. Every page works without this file.
"use strict";
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [root, ...root.querySelectorAll("*")].filter((el) => el.matches?.(selector));
  const on = (name, does, to = document, first = false) => to.addEventListener(name, does, first);
  const typing = (el) => el.matches("input, select, textarea");

  // Emptied first, so that the same words are heard again.
  let saying;
  let said = "";
  function say(words) {
    said = words;
    $("#live").textContent = "";
    clearTimeout(saying);
    saying = setTimeout(() => { $("#live").textContent = words; }, 60);
  }
  const wordsOf = (el) => el.textContent.trim().replace(/\s+/g, " ");
  const wordsIn = (root) => $$("[data-announce]", root).map(wordsOf).join(". ");
  function trouble(words) {
    $("#trouble").hidden = !words;
    $("#trouble p").textContent = words;
    if (words) say(words);
  }
  // What stays of a list says of when it is.
  const age = () => ($("#read-at") ? `It was read at ${$("#read-at").textContent}.` : "");
  function unreached({ target, pathInfo }) {
    trouble(`Flightdeck could not be reached. What is shown may be old. ${age()}`.trim());
    if (target.id !== "results") return;
    const again = document.createElement("a");
    again.href = pathInfo.finalRequestPath;
    again.textContent = "Load again";
    $("#trouble p").append(" ", again);
  }

  // What can be copied by hand everywhere is copied by a press where the browser lets us.
  on("click", async ({ target }) => {
    const button = target.closest("[data-copy]");
    if (!button) return;
    const field = document.getElementById(button.dataset.copy);
    field.select?.();
    try {
      await navigator.clipboard.writeText(field.value ?? field.textContent);
      say("Copied.");
      button.dataset.copied = "1";
    } catch { trouble("The browser does not let this page copy: press Ctrl-C."); }
  });
  const offerCopies = (root) => $$("[data-copy]", root).forEach((button) => { button.hidden = false; });
  offerCopies();
  on("htmx:afterSettle", ({ detail: { target } }) => offerCopies(target));

  // A pressed button stays pressed. Disabled after sending, or its value would be lost.
  const disable = (form, state) => [...form.elements].forEach((el) => { if (el.type === "submit") el.disabled = state; });
  const adrift = () => document.activeElement === document.body;
  function hold(form) {
    form.dataset.busy = "1";
    const back = document.activeElement;
    const done = () => {
      release(form);
      if (adrift()) back.focus();
    };
    setTimeout(() => form.dataset.busy && disable(form, true));
    // A request that was stopped must not leave a dead form; its one-time key makes a second press safe.
    setTimeout(done, 15000);
    return done;
  }
  function release(form) {
    delete form.dataset.busy;
    disable(form, false);
  }
  on("submit", (event) => {
    const form = event.target;
    if (form.dataset.busy) event.preventDefault();
    else if (!event.defaultPrevented && form.method === "post" && event.submitter?.formMethod !== "dialog") hold(form);
  });
  // The list may have been filtered since its column chooser was opened.
  on("submit", ({ target }) => { if ("ofList" in target.dataset) target.elements.list.value = location.search.slice(1); }, window);
  on("pageshow", () => $$("form[data-busy]").forEach(release), window);

  // A field without its value is no question yet: what is shown stays while it is being typed.
  const begun = (words) => /(^|\s)-?[a-z]+:[<>=]*"?$/i.test(words);
  on("htmx:beforeRequest", (event) => {
    const { triggeringEvent } = event.detail.requestConfig;
    if (triggeringEvent?.type === "input" && begun(triggeringEvent.target.value)) event.preventDefault();
  });
  // A box that searches while one types has asked when it is left. Asked again, the answer would take
  // away what the pointer that left it is pressing.
  on("change", (event) => { if (event.target.type === "search") event.stopPropagation(); }, document, true);
  const flights = new WeakMap();
  on("htmx:beforeRequest", ({ detail: { elt, xhr } }) => {
    if (elt.matches("form[method=post]")) flights.set(xhr, hold(elt));
  });
  on("htmx:afterRequest", ({ detail: { elt, xhr, successful } }) => {
    flights.get(xhr)?.();
    if (successful && xhr.getResponseHeader("HX-Retarget") !== "#trouble") trouble("");
    else if (successful) $("#trouble a").before(`${age()} `);
    if (elt.id === "keys") switched($("#keys-on"), successful);
  });
  function switched(box, successful) {
    if (!successful) box.checked = !box.checked;
    else say(box.checked ? "Single keys are on." : "Single keys are off.");
    document.body.dataset.singleKeys = box.checked ? "on" : "off";
  }
  // Who was in a row is at that row again when it comes anew, else at the heading.
  let held;
  const sameRow = (target) => {
    const row = held.closest("tr[id]");
    return row && $(`#${CSS.escape(row.id)} th a`, target);
  };
  on("htmx:beforeSwap", ({ detail }) => { held = detail.target.contains(document.activeElement) && document.activeElement; });
  // A number that is known better later is said again, where it was said.
  on("htmx:oobBeforeSwap", ({ detail: { target, fragment } }) => {
    const better = $("[data-announce-again]", fragment);
    if (better && wordsIn(target) && said.includes(wordsIn(target))) say(said.replace(wordsIn(target), wordsOf(better)));
  });
  on("htmx:afterSettle", ({ detail: { elt, target } }) => {
    const next = $$(".error-summary", elt)[0] ?? (held && adrift() && (sameRow(target) ?? $("h1, h2", target) ?? $("h1")));
    if (next) {
      if (!next.href) next.tabIndex = -1;
      next.focus();
    }
    if (wordsIn(elt)) say(wordsIn(elt));
    if (elt.closest(".views")) showView();
    watch();
  });
  on("htmx:sendError", ({ detail }) => unreached(detail));
  on("htmx:responseError", ({ detail: { xhr } }) => {
    trouble(`That did not work (answer ${xhr.status}). What is shown may be old: reload the page.`);
  });

  // Of many views the one that is shown is in sight, unless someone has moved them since.
  let placed = 0;
  function showView() {
    const tab = $(".views [aria-current]");
    const strip = tab?.closest("ul");
    if (!strip || strip.scrollLeft !== placed) return;
    strip.scrollLeft = tab.offsetLeft - Math.max(0, strip.clientWidth - tab.offsetWidth) / 2;
    placed = strip.scrollLeft;
  }
  showView();

  // Live regions: asked more slowly while nothing changes, not in a hidden tab, never under someone's hands.
  const watched = new Map();
  const touched = (el) => {
    const focus = el.contains(document.activeElement) && document.activeElement;
    // A row to be pressed must not move away from under the pointer or the focus.
    return (focus && (typing(focus) || focus.closest("form:has(.pick)"))) || $(".pick :checked, form:has(.pick) button:hover", el);
  };
  const every = (el) => Number(el.dataset.liveEvery) || 2;
  function watch() {
    $$("[data-live]").forEach((el) => { if (!watched.has(el.id)) plan(el.id, every(el)); });
  }
  function plan(id, seconds) {
    watched.set(id, 0);
    setTimeout(ask, seconds * 1000, id, seconds);
  }
  async function ask(id, seconds) {
    const el = document.getElementById(id);
    if (!el?.dataset.live) return watched.delete(id);
    if (document.hidden) return watched.set(id, every(el));
    if (touched(el)) return plan(id, seconds);
    try {
      const answer = await fetch(el.dataset.live, { headers: { "HX-Request": "true", "HX-Target": id, "X-Unattended": "1" } });
      if (!answer.ok) throw answer;
      const news = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = news.getElementById(id);
      const changed = fresh.textContent !== el.textContent;
      if (changed && !touched(el)) {
        put(fresh, el);
        // What else an answer brings goes in beside it, unless someone types there.
        $$("[data-beside]", news).forEach((part) => {
          const old = document.getElementById(part.id);
          if (old && !touched(old)) put(part, old);
        });
      }
      plan(id, changed ? every(fresh) : Math.min(seconds * 1.5, 30));
    } catch {
      const later = Math.min(seconds * 2, 60);
      const line = $("[data-live-trouble]", el);
      if (line.hidden) say("Could not refresh; what is shown may be old.");
      line.hidden = false;
      line.textContent = `Could not refresh; this may be old. Trying again in ${Math.round(later)} s.`;
      plan(id, later);
    }
  }
  function put(fresh, el) {
    const focused = el.contains(document.activeElement) && document.activeElement.id;
    if (wordsIn(fresh) !== wordsIn(el)) say(wordsIn(fresh));
    el.replaceWith(fresh);
    if (focused) document.getElementById(focused)?.focus();
    htmx.process(fresh);
  }
  on("visibilitychange", () => {
    if (!document.hidden) watched.forEach((waits, id) => waits && plan(id, 0));
  });

  // A script of its own warns of a session's end, when that is near.
  const session = $("#session");
  const warned = session && (session.dataset.left - session.dataset.warn) * 1000;
  if (session) setTimeout(async () => (await import(session.dataset.script)).watch(session, say), warned);

  // Typing another value is choosing it.
  on("input", ({ target }) => { if (target.dataset.chooses) $(`#${target.dataset.chooses}`).checked = true; });

  // The box in a table's head stands for every row's: ticked together, and not without all of them.
  on("change", ({ target }) => {
    const table = target.closest(".pick")?.closest("table");
    const head = table && $("thead .pick input", table);
    if (!head) return;
    const rows = $$("tbody .pick input", table);
    if (target === head) rows.forEach((box) => { box.checked = head.checked; });
    const ticked = rows.filter((box) => box.checked).length;
    head.checked = ticked === rows.length;
    head.indeterminate = ticked > 0 && !head.checked;
    $("[data-ticked]").textContent = ticked ? `With the ${ticked} ticked:` : "With the ticked:";
    say(`${ticked} of ${rows.length} selected`);
  });
  // A script of its own knows of ranges, and of ticks that are lost with their page.
  let ticking;
  const ticks = () => (ticking ??= import($(".bulk").dataset.script).then(({ bind }) => bind(say)));
  on("click", ({ target, shiftKey }) => {
    if ($(".bulk") && target.matches(".pick input")) ticks().then((clicked) => clicked(target, shiftKey));
  });

  // What is behind a dialog is not heard: the words go where the dialog is.
  function open(dialog) {
    $$("dialog[open]").forEach((other) => other.close());
    dialog.append($("#live"));
    dialog.showModal();
  }
  on("close", () => { if (!$("dialog[open]")) document.body.append($("#live")); }, document, true);

  const palette = $("#palette");
  let ready;
  function goTo() {
    if (!palette.open) open(palette);
    $("input", palette).select();
    ready ??= import(palette.dataset.script).then(({ bind }) => bind(palette, (root) => say(wordsIn(root))));
    // The same list is a page as well.
    ready.then((ask) => ask(), () => location.assign(palette.dataset.ask));
  }

  // Single keys, for whoever has not switched them off.
  const silent = () => document.body.dataset.singleKeys === "off";
  const writing = (el) => typing(el) && !el.matches("[type=checkbox], [type=radio]");
  const row = () => document.activeElement.closest("tbody tr") ?? $("tbody tr:target");
  function step(by) {
    const rows = $$("tbody th a");
    const here = row();
    rows[Math.max(0, rows.findIndex((link) => here?.contains(link)) + by)]?.focus();
  }
  function edit() {
    const here = row();
    const address = here?.closest("table").dataset.edit;
    if (address) location.assign(address.replace("ROW", here.id.slice(2)));
    else $("[data-key=e]")?.click();
  }
  const tick = (shiftKey) => row()?.querySelector(".pick input")?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey }));
  // To what can be done with the ticked rows, and back to the row that was left for it.
  let from;
  function toBar() {
    const first = $(".bulk :is(select, button)");
    if (first && !first.checkVisibility()) return say("Tick a row first.");
    from = row()?.id;
    first?.focus();
  }
  const fromBar = () => $("th a", document.getElementById(from) ?? $("tbody"))?.focus();
  const help = () => open($("#shortcuts"));
  const KEYS = new Map(Object.entries({
    "/": () => $("input[type=search]")?.focus(),
    "?": help,
    e: edit,
    x: () => tick(false),
    X: () => tick(true),
    b: toBar,
    j: () => step(1),
    k: () => step(-1),
    g: () => { pressed = Date.now(); },
  }));
  let pressed = 0;
  on("keydown", (event) => {
    const { key, target } = event;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && key.toLowerCase() === "k") {
      event.preventDefault();
      return goTo();
    }
    // From the search to what it found, unless there are suggestions to go through.
    if (key === "ArrowDown" && target.matches("main [type=search]") && !event.defaultPrevented && $("tbody th a")) {
      event.preventDefault();
      return $("tbody th a").focus();
    }
    if (key === "Escape" && target.closest(".bulk")) return fromBar();
    if (event.ctrlKey || event.metaKey || event.altKey || writing(target) || target.closest("dialog") || silent()) return;
    const going = Date.now() - pressed < 1500;
    pressed = 0;
    const place = going && $$("[data-go]").find((link) => link.dataset.go === key);
    const does = place ? () => place.click() : KEYS.get(key);
    if (!does) return;
    event.preventDefault();
    does();
  });

  if (!$("#shortcuts")) return;
  watch();
  $$("[data-keys]").forEach((el) => { el.hidden = false; on("click", help, el); });
  $$("[data-palette]").forEach((el) => on("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    goTo();
  }, el));
  // What was done on the page before.
  const done = $$("[data-done]").map(wordsOf).join(" ");
  if (done) say(done);
  // Where nothing can be ticked it is told to nobody: on a later page it would not be so.
  if (!$(".bulk")) sessionStorage.removeItem("dropped");
  else if (sessionStorage.getItem("dropped")) ticks();
  // Back at the row that someone left: later, as the browser itself takes the focus away on its way there.
  const left = location.hash.startsWith("#c-") && document.getElementById(location.hash.slice(1));
  if (left) on("load", () => requestAnimationFrame(() => adrift() && $("th a", left)?.focus()), window);
})();

// Suggestions under the search box, as a combobox.
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
    // What was asked for must not come back and cover what is searched for now.
    if (event.key === "Enter" && active < 0) close();
    if (list.hidden || !count) return;
    if (event.key === "ArrowDown") choose((active + 1) % count);
    else if (event.key === "ArrowUp") choose(active < 1 ? count - 1 : active - 1);
    else if (event.key === "Enter" && active >= 0) take(options()[active]);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  });
  // Before the box loses the focus.
  list.addEventListener("mousedown", (event) => {
    event.preventDefault();
    const option = event.target.closest("[role=option]");
    if (option) take(option);
  });
})();
