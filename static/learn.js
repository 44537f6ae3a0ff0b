/* Lessons and slides: printing, a mark that is moved, keys, full screen. Both work without this file. */
"use strict";
(() => {
  const on = (selector, act) => {
    for (const button of document.querySelectorAll(selector)) button.hidden = false;
    document.addEventListener("click", ({ target }) => target.closest(selector) && act(target.closest(selector)));
  };
  on("[data-print]", (button) => {
    document.documentElement.dataset.prints = button.dataset.print;
    print();
  });
  addEventListener("afterprint", () => delete document.documentElement.dataset.prints);

  /* the mark on a line of values: of the drawing that belongs to what it now says yes to, mark and words are shifted */
  document.addEventListener("input", ({ target: mark }) => {
    if (!mark.matches("[data-values]")) return;
    const table = mark.dataset.values.split(" ").map((value) => +(+value > +mark.value)).join("");
    const { content, dataset } = mark.form.querySelector(`[data-table="${table}"]`);
    const [said, drawing] = content.cloneNode(true).children;
    const [left, right] = mark.dataset.ends.split(" ").map(Number);
    const by = ((mark.value - dataset.at) / mark.max) * (right - left);
    const yes = drawing.querySelector(".ll-yes");
    drawing.querySelector(".ll-moves").setAttribute("transform", `translate(${by})`);
    yes.setAttribute("x", +yes.getAttribute("x") + by);
    yes.setAttribute("width", right - yes.getAttribute("x"));
    document.getElementById("line").replaceChildren(drawing);
    const words = document.querySelector("#said > p");
    if (words.textContent !== said.textContent) announce((words.textContent = said.textContent));
  });

  const slides = [...document.querySelectorAll(".slide")];
  if (!slides.length) {
    document.addEventListener("htmx:after:swap", () => {
      for (const button of document.querySelectorAll("[data-print]")) button.hidden = false;
    });
    return;
  }
  const shown = () => Math.max(0, slides.findIndex((slide) => `#${slide.id}` === location.hash));
  const go = (to) => slides[to] && location.replace(`#${slides[to].id}`);
  const numbered = () => (document.title = `Slide ${shown() + 1} of ${slides.length} · Pluriscope`);
  addEventListener("hashchange", () => {
    numbered();
    const title = slides[shown()].querySelector("h2");
    title.tabIndex = -1;
    title.focus({ preventScroll: true });
  });
  numbered();
  const KEYS = {
    ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1,
  };
  on("[data-full]", () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("a, button") && event.key === " ") return;
    const to = { Home: 0, End: slides.length - 1 }[event.key] ?? (event.key in KEYS ? shown() + KEYS[event.key] : -1);
    if (!(event.key in KEYS || event.key === "Home" || event.key === "End")) return;
    event.preventDefault();
    go(to);
  });
})();
