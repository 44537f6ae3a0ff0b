/* A network that runs: moves levels, numbers and the answer of a drawing of pluriscope/figures/svg/vessels.py, and lets dots run
   along its lines. Used like this:

     <figure data-runs> one drawing, or several of one network for different widths …
       <script type="application/json" data-running>what vessels.running() gives</script></figure>

     const live = new Live(figure, [0, 1]);          // the input that is drawn
     live.press("A", () => "A, now 0", () => …);     // makes a neuron a button: what it is called now, what it does;
                                                     // without that it can only be come to
     await live.run({ input: [1, 0] });              // layer by layer; false where another run took over meanwhile
     live.force = { "n1.1": 1.35 };                  // neurons that do not compute their value, until { } is given
     live.off = new Set(["n2.2"]);                   // neurons that are switched off: they and their lines carry 0
     await live.run({ from: 1 });                    // from a layer on, with what is forced and off
     live.show();                                    // all of it at once; show(1) only up to layer 1, the rest is empty
     live.values([1, 1])                             // values of all layers on an input, nothing moves
     figure.addEventListener("live", ({ detail }) => …)   // { input, values, answer } when a run, or show(), is over

   Under reduced motion every run is over at once. */
"use strict";
(() => {
  const STEP = 560; // ms a layer
  const FILL = 300;
  const MARK = 0.5;
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const ACTIVATE = {
    relu: (x) => Math.max(x, 0),
    leaky_relu: (x, slope) => (x > 0 ? x : x * slope),
    tanh: (x) => tanh(x),
    sigmoid: (x) => sigmoid(x),
    linear: (x) => x,
    gelu: (x) => x * below(x),
    gelu_new: (x) => 0.5 * x * (1 + tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
    silu: (x) => x * sigmoid(x),
    elu: (x, alpha) => (x > 0 ? x : alpha * expm1(x)),
    softplus: (x, beta) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(beta * x))) / beta,
    hardtanh: (x, min, max) => Math.min(Math.max(x, min), max),
  };
  /** exp(r) − 1 and 2^k of a number ≤ 0 that is r + k ln 2, to the last digit as analysis/fixed_order.py has it. */
  function reduced(x) {
    if (x < -708) return [0, 0];
    const k = x * 1.4426950408889634 + 6755399441055744 - 6755399441055744; // rounded to even
    const r = x - k * 0.6931471803691238 - k * 1.9082149292705877e-10;
    const square = r * r;
    let c = square * 4.13813679705723846039e-8;
    for (const one of [-1.6533902205465251539e-6, 6.61375632143793436117e-5, -2.77777777770155933842e-3, 1.66666666666666019037e-1])
      c = (c + one) * square;
    c = r - c;
    return [r + (r * c) / (2 - c), 2 ** k];
  }
  function expm1(x) {
    const [rest, scale] = reduced(x);
    return rest * scale + (scale - 1);
  }
  function sigmoid(x) {
    const [rest, scale] = reduced(-Math.abs(x));
    const decay = (rest + 1) * scale;
    return (x >= 0 ? 1 : decay) / (1 + decay);
  }
  function tanh(x) {
    const rest = expm1(-2 * Math.min(Math.abs(x), 708));
    return -Math.sign(x) * (rest / (rest + 2));
  }
  /** The normal distribution function by its series around 0 (Marsaglia 2004). */
  function below(x) {
    if (Math.abs(x) > 7) return +(x > 0);
    let sum = x;
    for (let term = x, k = 3; Math.abs(term) > 1e-17; k += 2) sum += term *= (x * x) / k;
    return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
  }
  const one = (value) => String(+value.toFixed(1));
  const number = (value) => {
    const text = Math.abs(value).toFixed(2);
    return value < 0 && +text > 0 ? `−${text}` : text;
  };

  /** The path of a vessel's content, as vessels.level() writes it. */
  function level(x, y, radius, share) {
    const part = Math.min(Math.abs(share), 0.985);
    const down = +(share < 0);
    if (part === 0) return "";
    const top = y + (radius - 2 * radius * part) * (1 - 2 * down);
    const half = Math.sqrt(radius ** 2 - (top - y) ** 2);
    return `M${one(x - half)} ${one(top)}A${one(radius)} ${one(radius)} 0 ${+(part > 0.5)} ${down} ${one(x + half)} ${one(top)}z`;
  }

  class Live {
    static ACTIVATE = ACTIVATE;
    #turn = 0;
    #parts; // of each drawing: name → element
    #labels = [];

    constructor(figure, input) {
      this.figure = figure;
      this.net = JSON.parse(figure.querySelector("script[data-running]").textContent);
      this.input = input;
      this.force = {};
      this.off = new Set();
      const drawings = [...figure.querySelectorAll("svg.vessels")];
      this.#parts = drawings.map((svg) => ({
        svg,
        named: new Map([...svg.querySelectorAll("[data-el]")].map((part) => [part.dataset.el, part])),
      }));
      // the name of a drawing would lie above what one wants to see; its label says the same
      for (const svg of drawings) svg.querySelector(":scope > title")?.remove();
    }

    get last() {
      return this.net.weights.length;
    }

    values(input = this.input) {
      const { net, force, off } = this;
      const layers = [input];
      net.weights.forEach((matrix, l) => {
        const before = layers[l];
        layers.push(
          matrix.map((row, j) => {
            const name = net.names[l + 1][j];
            if (name in force) return force[name];
            const keep = net.keep?.[l][j];
            if (off.has(name) || (l + 1 < this.last && keep && !keep.some(Boolean))) return 0;
            let sum = net.biases[l][j];
            row.forEach((weight, i) => {
              if ((!keep || keep[i]) && !off.has(net.names[l][i])) sum += before[i] * weight;
            });
            const [kind, ...parameters] = net.activations[l];
            return ACTIVATE[kind](sum, ...parameters);
          }),
        );
      });
      return layers;
    }

    press(name, label, act) {
      for (const { svg, named } of this.#parts) {
        svg.setAttribute("role", "group");
        const part = named.get(name);
        part.setAttribute("role", act ? "button" : "img");
        part.setAttribute("tabindex", "0");
        this.#labels.push(() => part.setAttribute("aria-label", label()));
        if (!act) continue;
        part.addEventListener("click", act);
        part.addEventListener("keydown", (event) => {
          if (event.key !== "Enter" && event.key !== " ") return;
          event.preventDefault();
          act();
        });
      }
      this.#name();
    }

    show(upTo = this.last) {
      this.#turn += 1;
      const values = this.values();
      this.#marks();
      values.forEach((layer, l) => this.#layer(l, l > upTo ? layer.map(() => null) : layer));
      for (const { svg } of this.#parts) svg.querySelector(".vs-dots").replaceChildren();
      if (upTo >= this.last) this.#done(values);
    }

    async run({ input = this.input, from = 0 } = {}) {
      const turn = (this.#turn += 1);
      this.input = input;
      const values = this.values();
      if (still.matches) {
        this.show();
        return true;
      }
      this.#marks();
      values.forEach((layer, l) => this.#layer(l, l > from ? layer.map(() => null) : layer));
      for (let l = from + 1; l <= this.last; l += 1) {
        await this.#dots(l, values[l - 1], turn);
        await this.#fill(l, values[l], turn);
        if (turn !== this.#turn) return false;
      }
      this.#done(values);
      return true;
    }

    /** Moves one neuron's level from one value to another, for instance to the one that it is forced to. */
    async move(name, from, to) {
      const turn = (this.#turn += 1);
      if (!still.matches) await this.#each(700, turn, (share) => this.#vessel(name, from + (to - from) * share));
      if (turn === this.#turn) this.#vessel(name, to);
      return turn === this.#turn;
    }

    #done(values) {
      const [output] = values[this.last];
      const answer = +(output > MARK);
      const words = `On input ${this.input.join("")} the output is ${number(output)}, the answer ${answer}`;
      for (const { svg } of this.#parts) svg.setAttribute("aria-label", words);
      this.#name();
      this.figure.dispatchEvent(new CustomEvent("live", { detail: { input: this.input, values, answer } }));
    }

    #name() {
      for (const label of this.#labels) label();
    }

    /** Which lines and vessels count, which cell of each truth table is meant, and a name that does not give the answer away. */
    #marks() {
      const { net, force, off } = this;
      const changed = Object.keys(force).length ? " with one neuron forced" : "";
      for (const { svg, named } of this.#parts) {
        svg.setAttribute("aria-label", `The network on input ${this.input.join("")}${changed}`);
        net.names.forEach((layer, l) => {
          layer.forEach((name, j) => {
            if (l && l < this.last) {
              const unread = net.keep && !net.keep[l - 1][j].some(Boolean);
              named.get(name)?.classList.toggle("vs-gone", Boolean(unread) || off.has(name));
            }
            if (!l) return;
            net.names[l - 1].forEach((source, i) => {
              const pale = (net.keep && !net.keep[l - 1][j][i]) || name in force || off.has(name) || off.has(source);
              named.get(`${source}→${name}`)?.classList.toggle("vs-pale", Boolean(pale));
            });
          });
        });
        const row = this.input.reduce((sum, bit) => 2 * sum + bit, 0);
        for (const here of svg.querySelectorAll(".vs-here")) {
          const [frame, cell] = [here.parentNode.querySelector(".fr"), (side) => +here.getAttribute(side)];
          const columns = Math.round(+frame.getAttribute("width") / cell("width"));
          here.setAttribute("x", one(+frame.getAttribute("x") + cell("width") * (row % columns)));
          here.setAttribute("y", one(+frame.getAttribute("y") + cell("height") * Math.floor(row / columns)));
        }
      }
    }

    #layer(l, values) {
      values.forEach((value, j) => this.#vessel(this.net.names[l][j], value, !l));
      if (l !== this.last) return;
      const answered = values[0] === null ? "?" : String(+(values[0] > MARK));
      for (const { svg } of this.#parts) {
        const answer = svg.querySelector(".vs-answer");
        answer.setAttribute("class", `vs-answer vs-says-${answered === "?" ? "q" : answered}`);
        answer.querySelector(".vs-said").textContent = answered;
      }
    }

    #vessel(name, value, bit = false) {
      for (const { named } of this.#parts) {
        const part = named.get(name);
        if (!part) continue; // of a wide layer some are not drawn
        if (bit) {
          part.classList.toggle("vs-one", Boolean(value));
          part.querySelector(".vs-bit").textContent = value;
          continue;
        }
        const content = part.querySelector(".vs-level");
        const nothing = value === null || part.classList.contains("vs-gone");
        const [x, y, radius] = content.dataset.at.split(" ").map(Number);
        content.classList.toggle("vs-below", !nothing && value < 0);
        content.setAttribute("d", nothing ? "" : level(x, y, radius, value / this.net.full));
        part.querySelector(".vs-value").textContent = nothing ? "" : number(value);
      }
    }

    /** Dots along the lines into a layer, their area by what each line carries; hollow where that is negative. */
    async #dots(l, before, turn) {
      const moving = [];
      for (const { svg, named } of this.#parts) {
        if (!svg.checkVisibility()) continue;
        this.net.names[l].forEach((name, j) => {
          this.net.names[l - 1].forEach((source, i) => {
            const line = named.get(`${source}→${name}`);
            const carried = this.net.weights[l - 1][j][i] * before[i];
            if (!line || line.classList.contains("vs-pale") || Math.abs(carried) < 0.01) return;
            const dot = document.createElementNS("http://www.w3.org/2000/svg", "circle");
            dot.setAttribute("class", carried < 0 ? "vs-less" : "vs-dot");
            dot.setAttribute("r", one(Math.min(2 + 4.5 * Math.sqrt(Math.abs(carried)), 9)));
            svg.querySelector(".vs-dots").append(dot);
            const [x1, y1, x2, y2] = line.getAttribute("d").match(/-?[\d.]+/g).map(Number);
            moving.push((share) => {
              dot.setAttribute("cx", one(x1 + (x2 - x1) * share));
              dot.setAttribute("cy", one(y1 + (y2 - y1) * share));
            });
          });
        });
      }
      await this.#each(STEP, turn, (share) => moving.forEach((move) => move(share)));
      for (const { svg } of this.#parts) svg.querySelector(".vs-dots").replaceChildren();
    }

    async #fill(l, values, turn) {
      await this.#each(FILL, turn, (share) => {
        values.forEach((value, j) => this.#vessel(this.net.names[l][j], value * share));
      });
      if (turn === this.#turn) this.#layer(l, values);
    }

    /** Calls `act` with 0 … 1 while `length` ms pass, unless another run takes over. */
    #each(length, turn, act) {
      return new Promise((done) => {
        const start = performance.now();
        const tick = (now) => {
          if (turn !== this.#turn) return done();
          const share = Math.min((now - start) / length, 1);
          act(share * share * (3 - 2 * share));
          if (share < 1) requestAnimationFrame(tick);
          else done();
        };
        requestAnimationFrame(tick);
      });
    }
  }
  window.Live = Live;
})();
