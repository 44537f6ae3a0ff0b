/* The sandbox while it is used, and its small figure on other pages: a slider that does the changes in part, values that
   a step changed, highlighted, and patched ones, which fly in from the input that they come from.
   Values between two places on the way are interpolated from those that stand in the page; the server draws the rest
   when the slider rests. Without this file a number field asks the server. */
"use strict";
(() => {
  const MINUS = "\u2212";
  const words = (value, digits) => value.toFixed(digits).replace(/^-(?=[0.]*$)/, "").replace("-", MINUS);
  const named = (layer, neuron, { length }) =>
    layer === 0 ? String.fromCharCode(65 + neuron) : layer === length - 1 ? "y" : `n${layer}.${neuron}`;

  /* The values of all neurons with some share of the changes done. */
  function valuesAt({ shares, activations }, share) {
    const above = Math.max(1, shares.findIndex((place) => place >= share));
    const [low, high] = [shares[above - 1], shares[above]];
    const weight = (share - low) / (high - low);
    return activations.map((rows) =>
      rows[above - 1].map((value, neuron) => value + weight * (rows[above][neuron] - value)),
    );
  }

  const shown = (text) => text.querySelector(".fl-new") ?? text;
  const sites = () => [...document.querySelectorAll("svg.flow g[data-el]")];
  const texts = () =>
    sites().map((group) => [
      group.dataset.el,
      group.querySelector("text.fl-new") ?? group.querySelector("text.fl-value"),
    ]);

  function begin(part) {
    if (part.dataset.begun) return;
    part.dataset.begun = "true";
    const model = JSON.parse(part.querySelector("script").textContent);
    const range = part.querySelector("[type=range]");
    const number = part.querySelector("[type=number]");
    const place = part.querySelector(".pt-at");
    const of = (name) => Number(place.dataset[name]);

    function renew(share) {
      const layers = valuesAt(model, share);
      const output = layers.at(-1)[0];
      const decision = output > 0.5 ? 1 : 0;
      const x = of("left") + share * (of("right") - of("left"));
      const y = of("bottom") - ((output - of("low")) / (of("high") - of("low"))) * (of("bottom") - of("top"));
      place.setAttribute("transform", `translate(${x} ${y})`);
      part.querySelector("[data-part-share]").textContent = words(share, 2);
      part.querySelector("[data-part-output]").textContent = words(output, 3);
      part.querySelector("[data-part-decision]").textContent = decision;
      range.setAttribute("aria-valuetext", `${words(share, 2)}: output ${words(output, 3)}, decides ${decision}`);
      const values = new Map();
      layers.forEach((row, layer) => row.forEach((value, i) => values.set(named(layer, i, model.sizes), value)));
      for (const [name, text] of texts()) if (text && values.has(name)) shown(text).textContent = words(values.get(name), 2);
    }

    part.addEventListener("input", ({ target }) => {
      const share = Math.min(Math.max(Number(target.value) || 0, 0), 1);
      if (target === range) number.value = share;
      else range.value = share;
      renew(share);
    });
  }

  /* ---------- what a step changed ---------- */
  let before = new Map();
  let patched = new Map();
  /* Names of patched neurons and the inputs that their values come from, as the drawing says them. */
  const patches = () =>
    new Map(
      sites().flatMap((group) => {
        const source = / ← ([01]+)$/.exec(group.querySelector(".fl-hand ~ text")?.textContent ?? "");
        return source ? [[group.dataset.el, source[1]]] : [];
      }),
    );
  const remember = () => {
    before = new Map(texts().map(([name, text]) => [name, text ? shown(text).textContent : ""]));
    patched = patches();
  };
  function highlight() {
    for (const [name, text] of texts())
      if (text && before.has(name) && before.get(name) !== shown(text).textContent) text.classList.add("fl-changed");
  }

  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const middle = (part) => {
    const { left, top, width, height } = part.getBoundingClientRect();
    return `translate(${left + width / 2}px, ${top + height / 2}px) translate(-50%, -50%)`;
  };
  function fly() {
    if (still.matches) return;
    const inputs = [...document.querySelectorAll("a[id^=source-], a[id^=play-]")];
    for (const [name, source] of patches()) {
      const from = inputs.find((link) => link.textContent === source);
      const group = sites().find((one) => one.dataset.el === name);
      if (!from || patched.get(name) === source) continue;
      const value = document.createElement("span");
      value.className = "flying";
      value.ariaHidden = "true";
      value.textContent = group.querySelector(".fl-new").textContent;
      document.body.append(value);
      const way = { transform: [middle(from), middle(group.querySelector(".fl-hand"))] };
      value.animate(way, { duration: 600, easing: "ease-in-out" }).onfinish = () => value.remove();
    }
  }

  const all = () => document.querySelectorAll("[data-part]").forEach(begin);
  document.addEventListener("htmx:before:swap", remember);
  document.addEventListener("htmx:after:swap", () => {
    highlight();
    fly();
    all();
  });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", all);
  else all();
})();
