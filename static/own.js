/* Your own answer: what is clicked in the drawing changes the rows at once, computed here where the page has the weights,
   and the server's answer then replaces the parts with data-renewed. It has the last word. Without this file every edge
   is a link to the page with it left out. */
"use strict";
(() => {
  const box = document.querySelector("[data-own]");
  if (!box) return;
  const all = (selector, within = box) => [...within.querySelectorAll(selector)];
  const script = box.querySelector("[data-own-running]");
  const net = script && JSON.parse(script.textContent);
  const digits = box.dataset.own.length;
  const big = (hex) => BigInt(`0x${hex}`);
  let mask = big(box.dataset.own);
  const [past, future] = [[], []];
  let asking = null;
  const hex = (of) => of.toString(16).padStart(digits, "0");

  /* ---------- what the network does, summed in the order of the server: the bias, then source after source ---------- */
  const ends = (number, at) => (number === null ? at : number);
  const right = (y, label) => {
    if (label !== 0 && label !== 1) return false;
    const [low, high] = net.bounds[label];
    return label ? y > ends(low, -Infinity) && y < ends(high, Infinity) : y >= ends(low, -Infinity) && y <= ends(high, Infinity);
  };
  const margin = (y) => Math.min(...net.edges.map((edge) => Math.abs(y - edge)));
  const answer = (y) => (right(y, 1) ? "1" : right(y, 0) ? "0" : "neither");
  const bits = (of) => Array.from({ length: net.n }, (_, bit) => Boolean((of >> BigInt(bit)) & 1n));
  if (net) {
    let bit = 0;
    net.at = net.weights.map((matrix) => matrix.map((row) => row.map(() => bit++))); // [layer][out][source]
    net.n = bit;
    net.into = net.at.map((layer) => layer.map((row) => row));
    net.out = net.sizes.slice(0, -1).map((size, l) => Array.from({ length: size }, (_, i) => net.at[l].map((row) => row[i])));
  }
  /** Which edges are left once those that lead nowhere or come from nowhere are dropped. */
  function used(kept) {
    const left = [...kept];
    for (let again = true; again; ) {
      again = false;
      for (let l = 1; l < net.sizes.length - 1; l += 1)
        for (let i = 0; i < net.sizes[l]; i += 1) {
          const [inn, out] = [net.into[l - 1][i], net.out[l][i]];
          if (inn.some((e) => left[e]) === out.some((e) => left[e])) continue;
          for (const edge of [...inn, ...out]) left[edge] = false;
          again = true;
        }
    }
    return left;
  }
  function output(left, row, absent) {
    let values = row;
    net.weights.forEach((matrix, l) => {
      const [kind, ...parameters] = net.activations[l];
      values = matrix.map((weights, o) => {
        const edges = net.at[l][o];
        if (l + 1 < net.weights.length && !edges.some((edge) => left[edge])) return absent[l + 1][o];
        const sum = weights.reduce((total, w, s) => total + (left[edges[s]] ? values[s] : absent[l][s]) * w, net.biases[l][o]);
        return window.Live.ACTIVATE[kind](sum, ...parameters);
      });
    });
    return values[0];
  }
  const outputs = (of, absent = net.absent) => net.rows.map((row) => output(used(bits(of)), row, absent));
  function state(of) {
    const left = used(bits(of));
    const possible = net.out[0].every((edges) => edges.some((e) => left[e])) && net.into.at(-1)[0].some((e) => left[e]);
    if (!possible) return "no circuit";
    const active = net.into.slice(0, -1).flat().filter((edges) => edges.some((e) => left[e])).length;
    const enough = (absent) =>
      net.rows.filter((row, n) => right(output(left, row, absent), net.wanted[n])).length / net.rows.length > net.threshold;
    return net.counted[active] && net.families.some((members) => members.every(enough)) ? "valid" : "not valid";
  }
  const number = (value, places) => {
    const text = Math.abs(value).toFixed(places);
    return value < 0 && +text > 0 ? `−${text}` : text;
  };

  /* ---------- what is shown at once ---------- */
  const edgesOf = (part) => big(part.dataset.edge ?? part.dataset.neuron);
  const address = (of) => {
    const url = new URL(location);
    for (const name of ["text", "mask", "edges", "scores", "k", "threshold", "pick", "signed", "ablation", "part"]) url.searchParams.delete(name);
    url.searchParams.set("c", hex(of));
    return url;
  };
  const kept = (of) => used(bits(of)).reduce((sum, on, bit) => (on ? sum | (1n << BigInt(bit)) : sum), 0n);
  const toggled = (of, edges) => (of & edges ? of & ~edges : of | edges);
  function press() {
    const left = net && kept(mask);
    for (const part of all(".part")) {
      const edges = edgesOf(part);
      const within = part.dataset.neuron && net ? left : mask;
      part.setAttribute("aria-pressed", String(Boolean(within & edges)));
      if (net && part.dataset.edge) part.classList.toggle("loose", Boolean(mask & edges & ~left));
      part.setAttribute("href", address(toggled(mask, edges)));
    }
  }
  function rows() {
    const ys = outputs(mask);
    const wrong = [];
    all("#own-rows tbody tr").forEach((tr, n) => {
      const [name, value, axis, answered, far] = tr.children;
      const good = right(ys[n], net.wanted[n]);
      if (!good) wrong.push(name.textContent);
      tr.classList.toggle("wrong", !good);
      value.textContent = number(ys[n], 2);
      axis.querySelector("circle").setAttribute("cx", 6 + (108 * (Math.max(-1, Math.min(2, ys[n])) + 1)) / 3);
      answered.textContent = answer(ys[n]) + (good ? "" : ", wrong");
      far.textContent = good ? number(margin(ys[n]), 3) : "–";
    });
    // the verdict at once; how many others there are is the server's to say
    const [now, lead] = [state(mask), box.querySelector(".own-lead")];
    box.querySelector(".state").classList.toggle("no", now !== "valid");
    const on = wrong.length > 4 ? `${wrong.length} of ${ys.length} rows` : wrong.join(", ").replace(/, ([^,]*)$/, " and $1");
    const not = `Not valid${on && `: wrong on ${on}`}.`;
    const words = { valid: "Valid.", "not valid": not, "no circuit": "Not a circuit yet." }[now];
    lead.replaceChildren(Object.assign(document.createElement("b"), { textContent: words }));
    const name = Object.assign(document.createElement("span"), { className: "mono", textContent: `c-${hex(kept(mask))}` });
    lead.nextElementSibling.replaceChildren(name, now === "valid" ? ` · margin ${number(Math.min(...ys.map(margin)), 3)}` : "");
  }
  function buttons() {
    const [undo, redo] = ["undo", "redo"].map((step) => box.querySelector(`[data-step=${step}]`));
    for (const [button, steps] of [[undo, past], [redo, future]]) // keeps the focus, also where it has nothing to do
      if (steps.length) button.removeAttribute("aria-disabled");
      else button.setAttribute("aria-disabled", "true");
  }

  /* ---------- what the server says ---------- */
  function renew(page) {
    const fresh = page.querySelector("[data-own]");
    if (!fresh) return false;
    const focused = document.activeElement?.id;
    for (const part of all("[data-renewed]")) part.replaceWith(page.getElementById(part.id));
    page.querySelectorAll("[data-own] .part").forEach((part) => {
      const here = document.getElementById(part.id);
      for (const name of ["aria-pressed", "class", "href"]) here?.setAttribute(name, part.getAttribute(name));
    });
    document.getElementById("own-trim").replaceWith(page.getElementById("own-trim"));
    for (const key of all("kbd[hidden]")) key.hidden = false;
    for (const id of ["verdicts-of-the-criteria", "form"]) {
      const next = page.getElementById(id);
      if (next) document.getElementById(id)?.replaceWith(next), window.htmx?.process(next);
    }
    box.dataset.own = fresh.dataset.own;
    if (focused && document.activeElement === document.body) (document.getElementById(focused) ?? document.getElementById("own-steps").firstElementChild).focus({ preventScroll: true });
    box.removeAttribute("aria-busy");
    window.announce?.(box.querySelector(".own-lead").innerText);
    return true;
  }
  function refuse(why) {
    document.getElementById("own-refused").textContent = why;
    document.getElementById("own-text").setAttribute("aria-invalid", String(Boolean(why)));
    if (why) box.removeAttribute("aria-busy");
  }
  async function ask(url) {
    asking?.abort();
    asking = new AbortController();
    const { signal } = asking;
    box.setAttribute("aria-busy", "true");
    try {
      const response = await fetch(url, { signal });
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      if (signal.aborted) return null;
      const fresh = page.querySelector("[data-own]");
      const why = fresh ? "" : all(".notice.refused p", page).map((p) => p.textContent).join(". ");
      if (!fresh && !why) location.assign(url); // what went wrong is no matter of the circuit
      refuse(why);
      return fresh && { page, mask: big(fresh.dataset.own) };
    } catch (problem) {
      if (problem.name !== "AbortError") box.removeAttribute("aria-busy"), window.announce?.("The server does not answer.");
      return null;
    }
  }
  async function show() {
    press();
    buttons();
    if (net) rows();
    const url = address(mask);
    history.replaceState(null, "", url);
    const found = await ask(url);
    if (found) renew(found.page);
  }
  function set(next) {
    if (next === mask) return;
    past.push(mask);
    future.length = 0;
    mask = next;
    show();
  }
  /** What the server makes of it: something taken by name, or what is left without what is not needed. */
  async function follow(url) {
    const found = await ask(url);
    if (!found) return;
    if (found.mask !== mask) past.push(mask), (future.length = 0), (mask = found.mask);
    history.replaceState(null, "", new URL(url).searchParams.has("without") ? address(mask) : url);
    press();
    buttons();
    if (net) rows();
    renew(found.page);
  }
  const STEPS = {
    undo: () => past.length && (future.push(mask), (mask = past.pop()), show()),
    redo: () => future.length && (past.push(mask), (mask = future.pop()), show()),
    trim: (link) => {
      if (net ? state(mask) !== "valid" : !link.href) return window.announce?.("Nothing is removed: the circuit is not valid.");
      const url = address(mask);
      url.searchParams.set("without", "unneeded");
      follow(url);
    },
    all: (link) => set(big(new URL(link.href).searchParams.get("c"))),
    none: (link) => set(big(new URL(link.href).searchParams.get("c"))),
    take: (link) => set(big(new URL(link.href).searchParams.get("c"))),
  };
  const walk = (part) => {
    for (const one of all(".part")) one.tabIndex = one === part ? 0 : -1;
    part.focus({ preventScroll: true });
  };

  box.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const part = event.target.closest(".part");
    const step = event.target.closest("[data-step]");
    if (!part && !step) return;
    event.preventDefault();
    if (step) return STEPS[step.dataset.step](step);
    walk(part);
    set(toggled(mask, edgesOf(part)));
  });
  box.addEventListener("keydown", (event) => {
    const here = event.target.closest(".part");
    if (!here || event.ctrlKey || event.metaKey || event.altKey) return;
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!by && event.key !== " ") return;
    event.preventDefault();
    if (!by) return set(toggled(mask, edgesOf(here)));
    const seen = all(".part").filter((part) => part.checkVisibility());
    walk(seen[(seen.indexOf(here) + by + seen.length) % seen.length]);
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input:not([type=file]), textarea, select") || document.querySelector("dialog[open]")) return;
    const step = { z: "undo", y: "redo", r: "trim" }[event.key.toLowerCase()];
    if (step) STEPS[step](document.getElementById("own-trim"));
  });
  document.getElementById("own-named").addEventListener("submit", (event) => {
    event.preventDefault();
    const form = event.target;
    follow(new URL(`?${new URLSearchParams(new FormData(form))}`, form.action));
  });
  // while the search runs its progress is exchanged every two seconds: what it says anew may be of use here
  const searched = () => document.querySelector("#progress [role=status]")?.textContent;
  let last = searched();
  document.addEventListener("htmx:after:swap", async () => {
    if (searched() === last || box.hasAttribute("aria-busy")) return;
    last = searched();
    const found = await ask(address(mask));
    const news = found && found.page.querySelector(".own-lead").textContent !== box.querySelector(".own-lead").textContent;
    if (news) renew(found.page);
    else if (found) box.removeAttribute("aria-busy");
  });
  for (const hidden of all("[data-step][hidden], [data-keys-help], kbd[hidden]")) hidden.hidden = false;
  // of the two drawings the one that is seen can be come to; what is not seen takes no focus anyway
  for (const drawing of all("svg.pressed, #own-switches"))
    all(".part", drawing).forEach((part, n) => (part.tabIndex = n ? -1 : 0));
  window.own = { outputs: (hex) => outputs(big(hex)), state: (hex) => state(big(hex)) };
})();
