/* The steps of a method: a slider over the drawing of the whole, on which the edges (or nodes) of each step's mask stand out.
   Without this file every step is a link, and the table holds them all. */
"use strict";
(() => {
  const place = document.querySelector("[data-path]");
  if (!place) return;
  const rows = [...document.querySelectorAll("[data-step]")];
  const still = place.querySelector("[data-path-still] .scroll-x");
  const slider = place.querySelector("input[type=range]");
  const play = place.querySelector("[data-path-play]");
  still.replaceChildren(place.querySelector("[data-path-whole]").content.cloneNode(true));
  const order = new Map(JSON.parse(place.dataset.edges).map((name, index) => [name, index]));
  const parts = [...still.querySelectorAll("[data-el], [data-bits]")]
    .map((part) => [part, part.dataset.bits ? part.dataset.bits.split(" ") : [order.get(part.dataset.el)]])
    .filter(([, bits]) => bits[0] !== undefined)
    .map(([part, bits]) => [part, bits.reduce((all, bit) => all | 1n << BigInt(bit), 0n)]);
  place.querySelector("[data-path-controls]").hidden = false;
  place.querySelectorAll("[data-path-link]").forEach((link) => link.remove());
  let timer = 0;

  const show = (number, remember = true) => {
    const row = rows[number];
    const mask = BigInt(`0x${row.dataset.mask}`);
    const before = number ? BigInt(`0x${rows[number - 1].dataset.mask}`) : mask;
    parts.forEach(([part, bits]) => {
      part.classList.toggle("edge-off", (mask & bits) !== bits);
      part.classList.toggle("edge-now", ((mask ^ before) & bits) !== 0n);
    });
    rows.forEach((one) => one === row ? one.setAttribute("aria-current", "step") : one.removeAttribute("aria-current"));
    place.querySelector("[data-path-words]").textContent = `Step ${number} of ${rows.length - 1}: ${row.dataset.words}`;
    slider.value = number;
    slider.setAttribute("aria-valuetext", `Step ${number}: ${row.dataset.words}`);
    if (remember) {
      const url = new URL(location.href);
      url.searchParams.set("step", number);
      history.replaceState(history.state, "", url);
    }
  };
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    play.textContent = "Play";
    play.setAttribute("aria-pressed", "false");
  };
  slider.addEventListener("input", () => { stop(); show(Number(slider.value)); });
  play.addEventListener("click", () => {
    if (timer) return stop();
    if (Number(slider.value) >= rows.length - 1) show(0);
    play.textContent = "Pause";
    play.setAttribute("aria-pressed", "true");
    timer = setInterval(() => {
      const next = Number(slider.value) + 1;
      if (next >= rows.length) return stop();
      show(next);
    }, 700);
  });
  rows.forEach((row) => row.querySelector("a").addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    stop();
    show(Number(row.dataset.step));
  }));
  show(Number(slider.value), false);
})();
