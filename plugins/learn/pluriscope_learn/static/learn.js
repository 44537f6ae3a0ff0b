/* Lessons: printing, a threshold that is moved. They work without this file. */
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

  document.addEventListener("htmx:after:swap", () => {
    for (const button of document.querySelectorAll("[data-print]")) button.hidden = false;
  });
})();
