/* Drawings in the browser: what is pointed at lights up wherever it is, and links in drawings exchange a part of the page.
   Pages work without this file. */
"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const announce = (words) => {
    const region = document.querySelector("[data-announce]");
    if (region) region.textContent = words;
  };

  /* ---------- linked drawings: a neuron, edge or variable that is pointed at, tapped, or reached with the arrow keys is
     highlighted wherever the page has it. data-el holds the names of one or several, separated by spaces ---------- */
  let lit = "";
  let pinned = "";
  const namesOf = (element) => element?.closest?.("[data-el]")?.dataset.el ?? "";
  function light(names, again = false) {
    if (names === lit && !again) return;
    lit = names;
    const wanted = new Set(names.split(" ").filter(Boolean));
    const isNear = (name) => name.includes("→") && name.split("→").some((end) => wanted.has(end));
    for (const part of all("[data-el]")) {
      const own = part.dataset.el.split(" ");
      part.classList.toggle("lit", own.some((name) => wanted.has(name)));
      part.classList.toggle("near", own.some(isNear));
    }
  }
  const wordsOf = (part, within) => {
    if (part.matches("tr, li")) return part.innerText.replace(/\s+/g, " ");
    const weight = within.querySelector(`.w-all [data-el="${part.dataset.el}"]`)?.textContent ?? "";
    return [...part.dataset.el.split(" ").filter((name) => !name.startsWith("variable-")), weight].join(" ");
  };
  // pointermove, not pointerover: that one also comes when the page scrolls under a pointer that rests
  document.addEventListener("pointermove", (event) => event.pointerType !== "touch" && light(namesOf(event.target) || pinned));
  document.addEventListener("focusin", (event) => light(namesOf(event.target) || pinned));
  document.addEventListener("focusout", () => light(pinned));
  document.addEventListener("click", (event) => {
    if (event.target.closest("a, button, input, select, summary, label")) return;
    const names = namesOf(event.target);
    pinned = names === pinned ? "" : names;
    light(pinned);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") light((pinned = ""));
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const group = event.target;
    if (!step || event.altKey || event.ctrlKey || event.metaKey || !group.matches("[role=group][tabindex]")) return;
    const parts = all("[data-el]", group).filter((part) => !part.closest(".w-all"));
    const names = [...new Set(parts.map((part) => part.dataset.el))].sort((a, b) => a.includes("→") - b.includes("→"));
    if (!names.length) return;
    event.preventDefault();
    const at = names.indexOf(lit);
    const next = names[at < 0 ? (step > 0 ? 0 : names.length - 1) : (at + step + names.length) % names.length];
    const part = parts.find((one) => one.dataset.el === next);
    light(next);
    part.scrollIntoView({ block: "nearest", inline: "nearest" });
    announce(wordsOf(part, group));
  });
  document.addEventListener("htmx:after:swap", () => light(lit, true));

  /* ---------- a page renewed in place: figures whose numbers are the same stay as they are drawn; the tray is drawn by
     this file ---------- */
  const told = (figure) => all("script, figcaption", figure).map((part) => part.textContent).join();
  window.htmx?.registerExtension("stay", {
    htmx_before_morph_node: (_, { oldNode: here, newNode: sent }) => {
      if (!(here instanceof Element) || !here.matches("[data-plot], [data-tray]")) return true;
      if (here.matches("[data-plot]") && told(here) !== told(sent)) {
        window.Plotly?.purge(here.querySelector(".plot-area"));
        here.replaceChildren(...sent.childNodes);
        delete here.dataset.drawn;
      }
      return false;
    },
  });
})();
