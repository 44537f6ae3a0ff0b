/* The plane of the inputs: a point moved with the mouse, a finger or sliders, and what the network
   makes of it. Numbers are the network's own, given beside the pictures. Without this file the pictures stay. */
"use strict";
(() => {
  const ACTIVATIONS = {
    relu: (x) => Math.max(x, 0),
    leaky_relu: (x, slope) => (x > 0 ? x : x * slope),
    sigmoid: (x) => 1 / (1 + Math.exp(-x)),
    tanh: (x) => Math.tanh(x),
    linear: (x) => x,
  };
  const sum = (weights, values, start) => weights.reduce((total, weight, i) => total + weight * values[i], start);

  /* Values by name, and the decision, at a point of the input space. */
  function run(model, point) {
    const values = new Map(model.inputs.map((name, i) => [name, point[i]]));
    let layer = point;
    let before = 0;
    model.layers.forEach(({ names, weights, biases, cut }, number) => {
      const output = number === model.layers.length - 1;
      const activate = ACTIVATIONS[output ? model.output_activation : model.activation];
      layer = names.map((_, i) => {
        before = sum(weights[i], layer, biases[i]);
        return cut[i] ? 0 : activate(before, model.negative_slope);
      });
      names.forEach((name, i) => cut[i] || values.set(name, layer[i]));
    });
    const region = model.regions.find(
      ({ low, high, low_open, high_open }) =>
        (low === null || (low_open ? before > low : before >= low)) &&
        (high === null || (high_open ? before < high : before <= high)),
    );
    return { values, decision: region.decision };
  }

  const words = (value) => value.toFixed(3).replace(/^-(?!0\.000$)/, "−").replace(/^-/, "");

  function show(part, value, isBit) {
    part.value = value;
    part.textContent = isBit ? (value < 0 ? "neither" : value) : words(value);
    if (isBit) part.className = value < 0 ? "" : `bit${value}`;
  }

  /* A neuron's value beside its circle, on the side where its name is not. */
  function write(svg, values) {
    for (const [name, value] of values) {
      const group = svg.querySelector(`g[data-el~="${name}"]:has(> .dot)`);
      if (!group) continue;
      let label = group.querySelector(".at-point");
      if (!label) {
        const [x, y] = group.querySelector(".dot").getAttribute("d").match(/-?[\d.]+/g).map(Number);
        const title = svg.querySelector(`[data-el="${name}"]:not(:has(.dot)) > text`);
        const above = title && Number(title.getAttribute("y")) > y + 6;
        label = document.createElementNS(svg.namespaceURI, "text");
        label.setAttribute("class", "at-point");
        label.setAttribute("text-anchor", "middle");
        label.setAttribute("x", x);
        label.setAttribute("y", above ? y - 12 : y + 24);
        group.append(label);
      }
      label.textContent = words(value);
    }
  }

  function begin(plane) {
    if (plane.dataset.begun) return;
    plane.dataset.begun = "true";
    const model = JSON.parse(plane.querySelector('script[type="application/json"]').textContent);
    const sliders = [...plane.querySelectorAll("[data-input]")];
    const squares = [...plane.querySelectorAll("svg.plane-square")];
    const frame = (svg) => svg.querySelector(".pl-frame").getBBox();
    const drawing = plane.dataset.plane ? document.querySelector(plane.dataset.plane) : null;

    function renew(isMoved) {
      const point = sliders.map((slider) => Number(slider.value));
      const { values, decision } = run(model, point);
      const shown = new Map([...values, ["decision", decision]]);
      for (const part of plane.querySelectorAll("[data-show]"))
        if (shown.has(part.dataset.show)) show(part, shown.get(part.dataset.show), part.dataset.show === "decision");
      for (const svg of squares) {
        const { x, y, width, height } = frame(svg);
        const at = `translate(${x + width * point[0]} ${y + height * (1 - point[1])})`;
        svg.querySelector(".pl-point").setAttribute("transform", at);
        const fixed = svg.closest("figure").dataset.fixed;
        svg.closest("figure").classList.toggle("away", fixed !== undefined && Number(fixed) !== point[2]);
      }
      if (drawing && isMoved) write(drawing, values);
    }

    function follow(event, svg) {
      const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      const square = frame(svg);
      const inside = (value) => Math.min(Math.max(value, 0), 1).toFixed(2);
      sliders[0].value = inside((x - square.x) / square.width);
      sliders[1].value = inside(1 - (y - square.y) / square.height);
      const fixed = svg.closest("figure").dataset.fixed;
      if (fixed !== undefined) sliders[2].value = fixed;
      renew(true);
    }

    plane.addEventListener("input", () => renew(true));
    for (const svg of squares) {
      svg.addEventListener("click", (event) => follow(event, svg));
      svg.addEventListener("pointerdown", (event) => {
        if (event.pointerType === "touch" && !event.target.closest(".pl-point")) return;
        event.preventDefault();
        svg.setPointerCapture(event.pointerId);
        const move = (moved) => follow(moved, svg);
        const end = () => svg.removeEventListener("pointermove", move);
        svg.addEventListener("pointermove", move);
        svg.addEventListener("lostpointercapture", end, { once: true });
        follow(event, svg);
      });
    }
    renew(false);
  }

  const all = () => document.querySelectorAll("[data-plane]").forEach(begin);
  document.addEventListener("htmx:after:swap", all);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", all);
  else all();
})();
