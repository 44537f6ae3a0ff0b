/* Studies: levels of a grid are chips. */
(() => {
  "use strict";
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
