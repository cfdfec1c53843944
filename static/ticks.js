// Ticked rows: a whole range with Shift, and word of those that went with the page they were on.
// Loaded with the first tick.
const ROWS = "tbody .pick input";
const ticked = () => document.querySelectorAll(`${ROWS}:checked`).length;

export function bind(say) {
  let before;
  let lost = 0;

  function tell(number) {
    const bar = document.querySelector(".bulk");
    if (!bar) return;
    const line = document.createElement("p");
    line.className = "note";
    line.textContent = `Dropped with the page before: ${number} ${number === 1 ? "tick" : "ticks"}.`;
    bar.before(line);
    const more = document.querySelectorAll("#results [data-announce]");
    say([line, ...more].map((each) => each.textContent.trim().replace(/\s+/g, " ")).join(" "));
  }

  const kept = Number(sessionStorage.getItem("dropped"));
  sessionStorage.removeItem("dropped");
  if (kept) tell(kept);
  document.addEventListener("click", ({ target, ctrlKey, metaKey, shiftKey }) => {
    const link = target.closest("main a[href]");
    const number = ticked();
    if (number && link?.pathname === location.pathname && !(ctrlKey || metaKey || shiftKey)) sessionStorage.setItem("dropped", number);
  });
  document.addEventListener("htmx:beforeSwap", ({ detail: { target } }) => {
    if (target.id === "results") lost = ticked();
  });
  document.addEventListener("htmx:afterSettle", ({ detail: { target } }) => {
    // What else is said of the new list is said first.
    if (lost && target.id === "results") setTimeout(tell, 0, lost);
    lost = 0;
  });

  return (box, shiftKey) => {
    const boxes = [...box.closest("table").querySelectorAll(ROWS)];
    const ends = [boxes.indexOf(before), boxes.indexOf(box)].sort((a, b) => a - b);
    before = box;
    if (!shiftKey || ends[0] < 0) return;
    boxes.slice(ends[0], ends[1] + 1).forEach((each) => { each.checked = box.checked; });
    // Whoever counts them counts again.
    box.dispatchEvent(new Event("change", { bubbles: true }));
  };
}
