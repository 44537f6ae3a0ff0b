/* A network at work: the row that is pointed at runs through the drawing (live.js), and a line of words says how the
   neuron that is pointed at comes by its value. */
"use strict";
(() => {
  const stage = document.querySelector("[data-stage]");
  if (!stage) return;
  const figure = stage.querySelector("figure");
  const caption = figure.querySelector("[data-caption]");
  const rows = [...stage.querySelectorAll("tbody tr")];
  const inputs = rows.map((row) => JSON.parse(row.dataset.input));
  let now = rows.findIndex((row) => row.hasAttribute("aria-current"));
  let chosen = now; // the one that the address names
  const live = new Live(figure, inputs[now]);
  const { net } = live;
  const NAMES = { leaky_relu: "leaky ReLU of ", relu: "ReLU of ", linear: "", gelu: "GELU of ", gelu_new: "GELU of ", silu: "SiLU of ", elu: "ELU of " };
  const number = (value) => (Number.isInteger(value) ? String(value) : value.toFixed(2)).replace(/^-(0\.00)$/, "$1").replace("-", "−");

  function run(at) {
    if (at === now) return;
    now = at;
    rows.forEach((row, index) => (index === at ? row.setAttribute("aria-current", "true") : row.removeAttribute("aria-current")));
    live.run({ input: inputs[at] });
  }
  function choose(at) {
    chosen = at;
    run(at);
    const link = rows[at].querySelector("a");
    if (link) history.replaceState(history.state, "", link.href);
  }
  figure.addEventListener("live", () => (caption.textContent = rows[now].dataset.caption));
  rows.forEach((row, at) => {
    const link = row.querySelector("a") ?? row; // a copy leads nowhere
    for (const event of ["pointerenter", "focus"]) link.addEventListener(event, () => run(at));
    link.addEventListener("blur", () => run(chosen));
    link.addEventListener("click", (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      choose(at);
    });
  });

  /** The computation of a neuron's value, in words. */
  function computation(layer, neuron) {
    const values = live.values();
    const name = net.names[layer][neuron];
    if (!layer) return `${name} = ${values[0][neuron]}, given.`;
    const terms = net.weights[layer - 1][neuron].map((weight, source) => `${number(weight)} × ${number(values[layer - 1][source])}`);
    const most = terms.length > 6 ? [...terms.slice(0, 6), "…"] : terms;
    const sum = [...most, number(net.biases[layer - 1][neuron])].join(" + ").replaceAll("+ −", "− ");
    const [act] = net.activations[layer - 1];
    return `${name} = ${NAMES[act] ?? `${act} of `}${sum} = ${number(values[layer][neuron])}.`;
  }
  const flipped = (input) => inputs.findIndex((row) => row.every((bit, at) => bit === (at === input ? 1 - inputs[now][at] : inputs[now][at])));
  net.names.forEach((layer, l) =>
    layer.forEach((name, neuron) => {
      const parts = [...figure.querySelectorAll(`.vs[data-el="${CSS.escape(name)}"]`)];
      if (!parts.length) return; // of a wide layer some are not drawn
      const lit = [...parts, ...figure.querySelectorAll(`.vs-weight[data-into="${CSS.escape(name)}"]`)];
      const point = (on) => {
        for (const one of lit) one.classList.toggle("on", on);
        caption.textContent = on ? computation(l, neuron) : rows[now].dataset.caption;
      };
      // an input is turned the other way where that row is listed
      const turns = !l && flipped(neuron) >= 0 && (() => flipped(neuron) >= 0 && choose(flipped(neuron)));
      live.press(name, () => `${turns ? "Input " : ""}${name}, now ${number(live.values()[l][neuron])}`, turns);
      for (const part of parts) {
        for (const event of ["pointerenter", "focus"]) part.addEventListener(event, () => point(true));
        for (const event of ["pointerleave", "blur"]) part.addEventListener(event, () => point(false));
      }
    }),
  );
})();
