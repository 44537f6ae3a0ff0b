/* Studies: two to six networks are put side by side; levels of a grid are chips. */
(() => {
  "use strict";
  /* Figures are fetched before they come into view: what they push away then is not being read. */
  const AHEAD = "1500px 0px";
  const watched = new WeakSet();
  const near = new IntersectionObserver(
    (entries) => {
      for (const { target } of entries.filter((entry) => entry.isIntersecting)) {
        near.unobserve(target);
        target.dispatchEvent(new Event("near"));
      }
    },
    { rootMargin: AHEAD },
  );
  function watch() {
    for (const place of document.querySelectorAll('[hx-trigger^="near"]')) {
      if (watched.has(place)) continue;
      watched.add(place);
      near.observe(place);
    }
  }
  document.addEventListener("DOMContentLoaded", watch);
  document.addEventListener("htmx:after:swap", watch);

  /* say so where another number is chosen */
  document.addEventListener("submit", (event) => {
    const form = event.target.closest?.(".study-choice");
    if (!form) return;
    const chosen = form.querySelectorAll("input[name=n]:checked");
    const ok = chosen.length >= 2 && chosen.length <= 6;
    const first = form.querySelector("input[name=n]");
    first?.setCustomValidity(ok ? "" : "Choose two to six networks.");
    if (!ok) {
      event.preventDefault();
      first?.reportValidity();
      first?.setCustomValidity("");
    }
  });

  /* A field of levels between semicolons: each is a chip that is removed with a click; a new one is typed behind them and
     ends with Enter, a semicolon, or when the field is left. The field itself, out of sight, is what is sent. */
  const levelsIn = (text) => text.split(";").map((level) => level.trim()).filter(Boolean);
  function chips(field) {
    const plain = field.closest("label");
    const frame = Object.assign(document.createElement("div"), { className: "field" });
    const entry = Object.assign(document.createElement("input"), { type: "text", autocomplete: "off", id: `levels-${field.name}` });
    const label = Object.assign(document.createElement("label"), { htmlFor: entry.id });
    const box = Object.assign(document.createElement("span"), { className: "chips" });
    const change = (levels) => {
      field.value = levels.join("; ");
      draw();
    };
    const remove = (at) => {
      change(levelsIn(field.value).filter((_, place) => place !== at));
      entry.focus();
    };
    const add = () => {
      const typed = levelsIn(entry.value);
      entry.value = "";
      if (typed.length) change([...levelsIn(field.value), ...typed]);
    };
    function draw() {
      box.querySelectorAll("button").forEach((chip) => chip.remove());
      const made = levelsIn(field.value).map((level, at) => {
        const chip = Object.assign(document.createElement("button"), { type: "button", className: "pill", textContent: `${level} ×` });
        chip.setAttribute("aria-label", `Remove ${field.dataset.levels} ${level}`);
        chip.addEventListener("click", () => remove(at));
        return chip;
      });
      entry.before(...made);
    }
    entry.addEventListener("keydown", (event) => {
      const last = levelsIn(field.value).length - 1;
      if (event.key === ";" || (event.key === "Enter" && entry.value.trim())) {
        event.preventDefault();
        add();
      } else if (event.key === "Backspace" && !entry.value && last >= 0) remove(last);
    });
    entry.addEventListener("blur", add);
    label.append(...plain.querySelector("span").childNodes);
    box.append(entry);
    field.type = "hidden";
    plain.replaceWith(frame);
    frame.append(label, field, box, ...plain.querySelectorAll("small"));
    draw();
  }
  document.querySelectorAll("input[data-levels]").forEach(chips);
})();
