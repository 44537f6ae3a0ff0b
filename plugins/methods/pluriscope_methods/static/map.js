/* The map of explanations: a click or an arrow key chooses a dot, whose nearest the server draws; Enter puts it into the
   tray; a neuron colours the dots, and what is read from it filters them. */
"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const svg = (name, attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  async function start(map) {
    map.dataset.ready = "";
    const box = map.querySelector("[data-dots]");
    const drawn = box.querySelector("svg");
    const answer = await fetch(map.dataset.map);
    if (!answer.ok) return;
    const { report } = await answer.json();
    const members = report.x.map(() => []);
    report.dot.forEach((dot, number) => members[dot].push(number));
    const edges = report.masks.map((mask) => [...mask].reduce((sum, digit) => sum + [0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4][parseInt(digit, 16)], 0));
    for (const some of members) some.sort((a, b) => edges[report.circuit[a]] - edges[report.circuit[b]] || a - b);
    const onDot = members.map((some) => some.length);
    const order = members.map((_, dot) => dot).sort((a, b) => onDot[b] - onDot[a] || a - b); // as the server draws them
    const circles = [];
    all(":scope > circle", drawn).forEach((circle, place) => (circles[order[place]] = circle));
    const at = circles.map((circle) => [Number(circle.getAttribute("cx")), Number(circle.getAttribute("cy"))]);
    const hash = new URLSearchParams(location.hash.slice(1));
    const names = all("[data-by]", map).map((button) => button.textContent.trim());
    let by = names.includes(hash.get("by")) ? names.indexOf(hash.get("by")) : Number(map.dataset.tells);
    let wanted = hash.has("read") ? Number(hash.get("read")) : null;
    let chosen = Number(map.dataset.chosen);
    let passing = members;

    const passes = (number) => map.dataset.circuits[report.circuit[number]] !== "0" && (wanted === null || report.reads[by][number] === wanted);
    const refOf = (number) => {
      const mask = report.masks[report.circuit[number]];
      return report.index.length ? `i-${mask}.${report.index[number]}` : `c-${mask}`;
    };
    const first = (dot) => (passing[dot].length ? passing[dot] : members[dot])[0];
    const addressOf = (dot) => map.dataset.at.replace("REF", refOf(first(dot)));

    function paint() {
      passing = members.map((some) => some.filter(passes));
      const hues = Object.fromEntries(all(`[data-reads="${by}"] [data-function]`, map).map((one) => [one.dataset.function, [...one.classList].find((name) => name.startsWith("v-"))]));
      passing.forEach((some, dot) => {
        let hue = "off";
        if (some.length && !report.reads.length) hue = "v-in";
        else if (some.length) {
          const counts = new Map();
          for (const number of some) counts.set(report.reads[by][number], (counts.get(report.reads[by][number]) ?? 0) + 1);
          const [most] = [...counts].reduce((a, b) => (b[1] > a[1] || (b[1] === a[1] && b[0] < a[0]) ? b : a));
          hue = hues[most] ?? "v-in";
        }
        const radius = some.length ? (1.7 + 0.8 * Math.sqrt(some.length)).toFixed(1) : "1";
        if (circles[dot].getAttribute("class") !== hue) circles[dot].setAttribute("class", hue);
        if (circles[dot].getAttribute("r") !== radius) circles[dot].setAttribute("r", radius);
      });
      all("[data-by]", map).forEach((button, place) => button.setAttribute("aria-pressed", place === by));
      all("[data-reads]", map).forEach((reads, place) => (reads.hidden = place !== by));
      for (const button of all("[data-function]", map)) button.setAttribute("aria-pressed", button.closest("[data-reads]").dataset.reads === String(by) && Number(button.dataset.function) === wanted);
      const count = passing.reduce((sum, some) => sum + some.length, 0);
      const total = report.dot.length;
      map.querySelector("[data-shown]").textContent = count === total ? "" : `${count.toLocaleString("en")} of ${total.toLocaleString("en")} are shown.`;
    }

    function mark() {
      const [x, y] = at[chosen];
      const near = report.nearest[chosen].map((dot) => at[dot]);
      drawn.querySelector(".over").replaceChildren(
        svg("path", { d: near.map(([a, b]) => `M${x} ${y}L${a} ${b}`).join("") }),
        ...near.map(([cx, cy]) => svg("circle", { cx, cy, r: 4 })),
        svg("circle", { class: "at", cx: x, cy: y, r: 6 }),
      );
    }

    function keep() {
      const options = new URLSearchParams();
      options.set("dot", refOf(first(chosen)));
      if (by !== Number(map.dataset.tells)) options.set("by", names[by]);
      if (wanted !== null) options.set("read", wanted);
      history.replaceState(history.state, "", `#${options}`);
    }

    let waiting;
    function choose(dot, pointed = false) {
      chosen = dot;
      mark();
      keep();
      window.announce?.(`${refOf(first(dot))}, agrees with the network on ${report.with_network[dot].toLocaleString("en")} of ${map.dataset.of}`);
      clearTimeout(waiting);
      waiting = setTimeout(async () => {
        const url = new URL(addressOf(dot), location.href);
        url.searchParams.set("part", "dot");
        await window.htmx.ajax("GET", url.pathname + url.search, { target: map.querySelector("#dot"), swap: "outerHTML" });
        if (pointed) map.querySelector("#dot .card").scrollIntoView({ block: "nearest" }); // below the map on a phone
      }, 80); // whoever walks on is not waited for
    }

    box.addEventListener("click", (event) => {
      const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(drawn.getScreenCTM().inverse());
      const off = (dot) => (at[dot][0] - point.x) ** 2 + (at[dot][1] - point.y) ** 2;
      const found = order.filter((dot) => passing[dot].length && off(dot) < 600).sort((a, b) => off(a) - off(b));
      if (found.length) choose(found[0], true);
    });
    box.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        map.querySelector("#dot input[data-compare]")?.click();
        return;
      }
      const way = ARROWS[event.key];
      if (!way) return;
      event.preventDefault();
      const [x, y] = at[chosen];
      let best = null, least = Infinity;
      for (const dot of order) {
        if (dot === chosen || !passing[dot].length) continue;
        const [dx, dy] = [at[dot][0] - x, at[dot][1] - y];
        const along = dx * way[0] + dy * way[1], off = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
        if (along > 0.5 && along + 2 * off < least) [best, least] = [dot, along + 2 * off];
      }
      if (best !== null) choose(best);
    });
    map.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-by], button[data-function]");
      if (button) {
        if (button.dataset.by) [by, wanted] = [Number(button.dataset.by), null];
        else wanted = wanted === Number(button.dataset.function) ? null : Number(button.dataset.function);
        paint();
        keep();
        return;
      }
      const link = event.target.closest("#dot .sub a");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      const ref = link.closest("[data-card]").querySelector("[data-compare]").dataset.compare;
      const number = report.dot.findIndex((_, one) => refOf(one) === ref);
      choose(report.dot[number]);
      box.focus({ preventScroll: true });
    });

    if (by !== Number(map.dataset.tells) || wanted !== null) paint();
    else passing = members.map((some) => some.filter(passes));
    map.dataset.live = "";
    const asked = hash.get("dot");
    const number = asked ? report.dot.findIndex((_, one) => refOf(one) === asked) : -1;
    if (number >= 0 && report.dot[number] !== chosen) choose(report.dot[number]);
  }

  const begin = () => all(".map:not([data-ready])").forEach(start);
  document.addEventListener("htmx:after:swap", begin);
  begin();
})();
