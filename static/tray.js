/* The compare tray: up to six references for one network, kept in this browser. */
"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const LIMIT = 6;
  const storeKey = (network) => `pluriscope.compare.${network}`;
  const read = (key, otherwise) => {
    try {
      return JSON.parse(localStorage.getItem(key)) ?? otherwise;
    } catch {
      return otherwise;
    }
  };
  const write = (key, value) => {
    try {
      localStorage.setItem(key, JSON.stringify(value));
    } catch {
      /* storage may be full or forbidden: the tray then lasts as long as the page */
    }
  };
  const memory = new Map();
  // what each tray shows: pages renew themselves every moment while they are computed, and whoever is about to press a
  // button of the tray must not find another one in its place
  const trayShows = new WeakMap();
  const tray = () => document.querySelector("[data-tray]");
  const items = (network) => {
    const kept = read(storeKey(network), memory.get(network) ?? []);
    return Array.isArray(kept) ? kept.filter((item) => item && typeof item.ref === "string").slice(0, LIMIT) : [];
  };
  const keep = (network, list) => {
    memory.set(network, list);
    write(storeKey(network), list);
  };
  const compareHref = (base, list) => {
    const url = new URL(base, location.href);
    for (const item of list) url.searchParams.append("e", item.ref);
    return url.pathname + url.search;
  };
  const sameOriginPath = (href) => {
    try {
      const url = new URL(href, location.href);
      return url.origin === location.origin ? url.pathname + url.search : "#";
    } catch {
      return "#";
    }
  };

  /* An algorithm's placement is known by the first digits of its own number. */
  const shortened = (label) => label.replace(/[0-9a-f]{16}\.([0-9a-f]{8})[0-9a-f]{8}$/, "$1");

  function trayEntry(item) {
    const entry = document.createElement("li");
    const thumb = safeThumb(item.thumb);
    if (thumb) entry.append(thumb);
    const link = document.createElement("a");
    link.className = "mono";
    link.href = sameOriginPath(item.href);
    link.textContent = shortened(item.label);
    const remove = document.createElement("button");
    remove.type = "button";
    remove.className = "btn quiet";
    remove.dataset.trayRemove = item.ref;
    remove.setAttribute("aria-label", `Remove ${shortened(item.label)}`);
    remove.textContent = "×";
    entry.append(link, remove);
    return entry;
  }

  function fillTray(aside, list) {
    aside.hidden = list.length === 0;
    aside.querySelector("[data-tray-count]").textContent = `${list.length} to compare`;
    aside.querySelector("[data-tray-list]").replaceChildren(...list.map(trayEntry));
    const go = aside.querySelector("[data-tray-go]");
    go.textContent = list.length < 2 ? "Pick one more" : `Compare ${list.length}`;
    go.toggleAttribute("aria-disabled", list.length < 2);
    if (list.length < 2) go.removeAttribute("href");
    else go.href = compareHref(aside.dataset.compareUrl, list);
  }

  function drawTray() {
    const aside = tray();
    const network = aside?.dataset.network;
    const list = aside ? items(network) : [];
    if (aside) {
      const shown = JSON.stringify([aside.dataset.compareUrl, list]);
      if (trayShows.get(aside) !== shown) fillTray(aside, list);
      trayShows.set(aside, shown);
      const chosen = new Set(list.map((item) => item.ref));
      for (const box of all("input[data-compare]")) {
        box.checked = chosen.has(box.dataset.compare);
        box.disabled = !box.checked && list.length >= LIMIT;
        box.closest("[data-card], tr")?.classList.toggle("sel", box.checked);
      }
      for (const link of all("[data-near]")) {
        link.hidden = !list.length;
        const url = new URL(link.href);
        url.searchParams.set("near", list.at(-1)?.ref ?? "");
        link.href = url.href;
      }
    }
  }

  /* A kept thumb is markup this page drew itself; anything that could act or load is refused all the same. */
  function safeThumb(markup) {
    if (typeof markup !== "string" || !markup.startsWith("<svg") || /\son\w+\s*=|href/i.test(markup)) return null;
    const svg = new DOMParser().parseFromString(markup, "image/svg+xml").documentElement;
    if (svg.nodeName !== "svg") return null;
    const allowed = new Set(["svg", "g", "path", "rect", "circle", "text", "title"]);
    if ([svg, ...all("*", svg)].some((node) => !allowed.has(node.localName))) return null;
    return document.importNode(svg, true);
  }

  document.addEventListener("change", (event) => {
    const box = event.target.closest?.("input[data-compare]");
    const aside = tray();
    if (!box || !aside) return;
    const network = aside.dataset.network;
    let list = items(network).filter((item) => item.ref !== box.dataset.compare);
    if (box.checked && list.length < LIMIT) {
      const thumb = box.closest("[data-card], tr")?.querySelector("svg.thumb")?.outerHTML ?? "";
      list = [...list, { ref: box.dataset.compare, label: box.dataset.label, href: box.dataset.href, thumb }];
    }
    keep(network, list);
    announce(list.length >= LIMIT ? `${LIMIT} chosen, which is the most that can be compared` : `${list.length} to compare`);
    drawTray();
  });
  document.addEventListener("click", (event) => {
    const aside = tray();
    if (!aside) return;
    const remove = event.target.closest("[data-tray-remove]");
    if (!remove && !event.target.closest("[data-tray-clear]")) return;
    const network = aside.dataset.network;
    const list = remove ? items(network).filter((item) => item.ref !== remove.dataset.trayRemove) : [];
    keep(network, list);
    announce(`${list.length} to compare`);
    drawTray();
  });
  addEventListener("storage", (event) => {
    if (event.key?.startsWith("pluriscope.compare")) drawTray();
  });

  /* Among pictures the arrow keys go to the nearest that way, Space picks; Enter opens, as of every link. */
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  function nextOf(here, [x, y]) {
    const middle = ({ left, top, width, height }) => [left + width / 2, top + height / 2];
    const [fromX, fromY] = middle(here.getBoundingClientRect());
    let best = null;
    let least = Infinity;
    for (const link of all(".pic > a", here.closest("[data-sheet]"))) {
      const [toX, toY] = middle(link.getBoundingClientRect());
      const along = (toX - fromX) * x + (toY - fromY) * y;
      const cost = along + 3 * (Math.abs((toX - fromX) * y) + Math.abs((toY - fromY) * x));
      if (along > 4 && cost < least) [best, least] = [link, cost];
    }
    return best;
  }
  /* Of each kind one picture is a stop of Tab, the one that was come to last. */
  function rove(stop) {
    for (const group of all(".pics")) {
      if (stop && !group.contains(stop)) continue;
      const stops = all("a, input", group);
      for (const one of stops) one.tabIndex = one === (stop ?? stops.find((had) => had === document.activeElement) ?? stops[0]) ? 0 : -1;
    }
  }
  document.addEventListener("focusin", ({ target }) => target.matches?.(".pic > a") && rove(target));
  document.addEventListener("keydown", (event) => {
    const here = event.target.closest?.(".pic > a");
    if (!here || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (event.key === " ") here.parentElement.querySelector("input[data-compare]")?.click();
    else if (Object.hasOwn(ARROWS, event.key)) nextOf(here, ARROWS[event.key])?.focus();
    else return;
    event.preventDefault();
  });

  /* An address that ends in #compare=REF, as one explanation's comparison leads here, has it ticked. */
  function takeUp() {
    const ref = decodeURIComponent(location.hash.match(/^#compare=(.+)$/)?.[1] ?? "");
    const network = tray()?.dataset.network;
    if (!ref || !network || items(network).some((item) => item.ref === ref)) return;
    const href = `${location.pathname}/${encodeURIComponent(ref)}${location.search}`;
    keep(network, [...items(network), { ref, label: ref, href, thumb: "" }].slice(0, LIMIT));
  }

  takeUp();
  for (const renewed of ["htmx:after:swap", "htmx:after:history:restore"])
    document.addEventListener(renewed, () => (drawTray(), rove()));
  addEventListener("pageshow", (event) => event.persisted && drawTray());
  drawTray();
  rove();
})();
