/* Pluriscope in the browser: theme, compare tray, copy buttons, linked drawings, plotly figures, polite polling.
   Pages work without this file, except that figures are not drawn and nothing can be put into the tray. */
"use strict";
(() => {
  const root = document.documentElement;
  const plotlyUrl = document.currentScript?.dataset.plotly ?? "";
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const announce = (words) => {
    const region = document.querySelector("[data-announce]");
    if (region) region.textContent = words;
  };

  /* ---------- theme: follows the system until chosen ---------- */
  const systemDark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : systemDark.matches);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-switch]");
    if (!button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    const theme = isDark() ? "light" : "dark";
    root.dataset.theme = theme;
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax${secure}`;
    announce(`${theme} theme`);
    redrawPlots();
  });
  systemDark.addEventListener("change", () => redrawPlots());

  /* ---------- compare tray: up to six references for one network, kept in this browser ---------- */
  const LIMIT = 6;
  const storeKey = (network) => `pluriscope.compare.${network}`;
  const LAST = "pluriscope.compare-last";
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
  const keep = (network, list, compareUrl) => {
    memory.set(network, list);
    write(storeKey(network), list);
    write(LAST, { network, url: compareUrl });
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

  function trayEntry(item) {
    const entry = document.createElement("li");
    const thumb = safeThumb(item.thumb);
    if (thumb) entry.append(thumb);
    const link = document.createElement("a");
    link.className = "mono";
    link.href = sameOriginPath(item.href);
    link.textContent = item.label;
    const remove = document.createElement("button");
    remove.type = "button";
    remove.className = "btn quiet";
    remove.dataset.trayRemove = item.ref;
    remove.setAttribute("aria-label", `Remove ${item.label}`);
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
    for (const ask of all("[data-tray-ask]", aside)) ask.href = compareHref(ask.dataset.trayAsk, list);
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
    }
    drawCompareLink();
  }

  function drawCompareLink() {
    const link = document.querySelector("[data-compare-link]");
    const badge = document.querySelector("[data-compare-count]");
    if (!link || !badge) return;
    const aside = tray();
    const last = aside ? { network: aside.dataset.network, url: aside.dataset.compareUrl } : read(LAST, null);
    const list = last && typeof last.network === "string" ? items(last.network) : [];
    badge.hidden = list.length === 0;
    badge.textContent = list.length ? String(list.length) : "";
    const words = document.createElement("span");
    words.className = "vh";
    words.textContent = " chosen";
    if (list.length) badge.append(words);
    if (list.length >= 2 && typeof last.url === "string") link.href = sameOriginPath(compareHref(last.url, list));
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
    keep(network, list, aside.dataset.compareUrl);
    announce(list.length >= LIMIT ? `${LIMIT} chosen, which is the most that can be compared` : `${list.length} to compare`);
    drawTray();
  });
  /* Other scripts choose by an event: detail.items are {ref, label, href}; with detail.toggle a chosen one is put back. */
  document.addEventListener("tray:choose", (event) => {
    const aside = tray();
    if (!aside) return;
    const network = aside.dataset.network;
    let list = items(network);
    for (const item of event.detail.items) {
      const there = list.some((other) => other.ref === item.ref);
      if (there && event.detail.toggle) list = list.filter((other) => other.ref !== item.ref);
      else if (!there && list.length < LIMIT) list = [...list, { ...item, thumb: "" }];
    }
    keep(network, list, aside.dataset.compareUrl);
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
    keep(network, list, aside.dataset.compareUrl);
    announce(`${list.length} to compare`);
    drawTray();
  });
  addEventListener("storage", (event) => {
    if (event.key?.startsWith("pluriscope.compare")) drawTray();
  });

  /* ---------- copy buttons ---------- */
  const wordsBefore = new WeakMap();
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const value = button.dataset.copy;
    const words = /^(\/|https?:)/.test(value) ? new URL(value, location.href).href : value;
    const before = wordsBefore.get(button) ?? [...button.childNodes];
    wordsBefore.set(button, before);
    let done = "Copied";
    try {
      await navigator.clipboard.writeText(words);
    } catch {
      done = copyBySelection(words) ? "Copied" : "Could not copy";
    }
    button.textContent = done;
    announce(done);
    setTimeout(() => button.replaceChildren(...before), 1600);
  });
  function copyBySelection(words) {
    const area = document.createElement("textarea");
    area.value = words;
    area.className = "vh";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }

  /* ---------- linked drawings: a neuron, edge or variable that is pointed at, tapped, or reached with the arrow keys is
     highlighted wherever the page has it. data-el holds the names of one or several, separated by spaces ---------- */
  let lit = "";
  let pinned = "";
  const namesOf = (element) => element?.closest?.("[data-el]")?.dataset.el ?? "";
  function light(names, again = false) {
    if (names === lit && !again) return;
    lit = names;
    const wanted = new Set(names.split(" ").filter(Boolean));
    const isNear = (name) => name.includes("→") && name.split("→").some((end) => wanted.has(end));
    for (const part of all("[data-el]")) {
      const own = part.dataset.el.split(" ");
      part.classList.toggle("lit", own.some((name) => wanted.has(name)));
      part.classList.toggle("near", own.some(isNear));
    }
  }
  const wordsOf = (part, within) => {
    if (part.matches("tr, li")) return part.innerText.replace(/\s+/g, " ");
    const weight = within.querySelector(`.w-all [data-el="${part.dataset.el}"]`)?.textContent ?? "";
    return [...part.dataset.el.split(" ").filter((name) => !name.startsWith("variable-")), weight].join(" ");
  };
  // pointermove, not pointerover: that one also comes when the page scrolls under a pointer that rests
  document.addEventListener("pointermove", (event) => event.pointerType !== "touch" && light(namesOf(event.target) || pinned));
  document.addEventListener("focusin", (event) => light(namesOf(event.target) || pinned));
  document.addEventListener("focusout", () => light(pinned));
  document.addEventListener("click", (event) => {
    if (event.target.closest("a, button, input, select, summary, label")) return;
    const names = namesOf(event.target);
    pinned = names === pinned ? "" : names;
    light(pinned);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") light((pinned = ""));
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const group = event.target;
    if (!step || event.altKey || event.ctrlKey || event.metaKey || !group.matches("[role=group][tabindex]")) return;
    const parts = all("[data-el]", group).filter((part) => !part.closest(".w-all"));
    const names = [...new Set(parts.map((part) => part.dataset.el))].sort((a, b) => a.includes("→") - b.includes("→"));
    if (!names.length) return;
    event.preventDefault();
    const at = names.indexOf(lit);
    const next = names[at < 0 ? (step > 0 ? 0 : names.length - 1) : (at + step + names.length) % names.length];
    const part = parts.find((one) => one.dataset.el === next);
    light(next);
    part.scrollIntoView({ block: "nearest", inline: "nearest" });
    announce(wordsOf(part, group));
  });
  document.addEventListener("htmx:after:swap", () => light(lit, true));

  /* ---------- plotly figures: JSON beside the place, colours from the tokens in force ---------- */
  let loading = null;
  const plotly = () =>
    (loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = plotlyUrl;
      script.onload = () => resolve(window.Plotly);
      script.onerror = () => reject(new Error("the plotting library could not be loaded"));
      document.head.append(script);
    }));
  function withTokens(value, styles) {
    if (typeof value === "string" && value.startsWith("--")) return styles.getPropertyValue(value).trim() || value;
    if (Array.isArray(value)) return value.map((entry) => withTokens(entry, styles));
    if (value && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, withTokens(entry, styles)]));
    return value;
  }
  /* A click on a mark is told to the figure as "plot:click" with the mark's customdata. plotly looks up to 50 ms late what
     the pointer is over; if the button is down by then, it takes the pointer to be over nothing and tells of no click. What
     the pointer was over when the button went down counts then. */
  function tellClicks(figure, place) {
    let over = null;
    let pressed = null;
    const tell = ([point], event) =>
      point && figure.dispatchEvent(new CustomEvent("plot:click", { detail: { datum: point.customdata, event } }));
    place.on("plotly_hover", ({ points }) => (over = points));
    place.on("plotly_unhover", () => (over = null));
    place.addEventListener("mousedown", () => (pressed = over), true);
    place.on("plotly_click", ({ points, event }) => {
      pressed = null;
      tell(points, event);
    });
    place.addEventListener("click", (event) => {
      tell(pressed ?? [], event);
      pressed = null;
    });
  }
  /* A mark whose second datum is an address leads there. */
  function leadOn(figure, place) {
    const address = (datum) => (Array.isArray(datum) && typeof datum[1] === "string" ? datum[1] : "");
    figure.addEventListener("plot:click", ({ detail: { datum, event } }) => {
      const url = address(datum);
      if (!url) return;
      if (event?.ctrlKey || event?.metaKey) window.open(url, "_blank", "noopener");
      else location.assign(url);
    });
    place.on("plotly_hover", (event) => {
      if (address(event.points?.[0]?.customdata)) figure.dataset.over = "";
    });
    place.on("plotly_unhover", () => delete figure.dataset.over);
  }
  async function drawPlot(figure) {
    const place = figure.querySelector(".plot-area");
    const source = figure.querySelector('script[type="application/json"]');
    if (!place || !source) return;
    try {
      const { data, layout, config } = withTokens(JSON.parse(source.textContent), getComputedStyle(root));
      const library = await plotly();
      await library.react(place, data, layout, config);
      if (!figure.dataset.drawn) tellClicks(figure, place), leadOn(figure, place);
      figure.dataset.drawn = "true";
    } catch (error) {
      figure.dataset.drawn = "failed";
      place.textContent = `This figure could not be drawn: ${error.message}. Its numbers are in the JSON of this page.`;
    }
  }
  /* Saved in light colours, whatever the theme: the tokens are read with it in force, before anything is painted. */
  function lightTokens(value) {
    const theme = root.dataset.theme;
    root.dataset.theme = "light";
    const found = withTokens(value, getComputedStyle(root));
    if (theme === undefined) delete root.dataset.theme;
    else root.dataset.theme = theme;
    return found;
  }
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-plot-save]");
    const figure = button?.closest("[data-plot]");
    if (!figure) return;
    const format = button.dataset.plotSave;
    const place = figure.querySelector(".plot-area");
    const label = place.getAttribute("aria-label") ?? "figure";
    try {
      const { data, layout } = lightTokens(JSON.parse(figure.querySelector('script[type="application/json"]').textContent));
      const library = await plotly();
      const paper = lightTokens("--paper");
      const drawn = { data, layout: { ...layout, paper_bgcolor: paper, plot_bgcolor: paper, margin: { ...layout.margin, t: 48 }, title: { text: label, font: { size: 14 } } } };
      const filename = label.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 80);
      const size = { width: Math.max(place.clientWidth, 480), height: (layout.height ?? 320) + 40 };
      const address = await library.toImage(drawn, { format, scale: format === "png" ? 2 : 1, ...size });
      const link = document.createElement("a");
      link.href = address;
      link.download = `${filename}.${format}`;
      link.click();
      announce(`${label} saved as ${format.toUpperCase()}`);
    } catch (error) {
      announce(`The figure could not be saved: ${error.message}`);
    }
  });
  const redrawPlots = () => all("[data-plot][data-drawn]").forEach(drawPlot);

  /* ---------- drawings full of links that exchange a part of the page: htmx learns of one when it is chosen, so that
     the page carries each address once ---------- */
  document.addEventListener(
    "click",
    (event) => {
      const link = event.target.closest?.("[data-swapping-links] a[href]:not([hx-get])");
      if (!link || !window.htmx) return;
      link.setAttribute("hx-get", link.getAttribute("href"));
      window.htmx.process(link);
    },
    true,
  );

  /* ---------- polling: nothing is asked for while the tab is hidden, or while a stream around it is alive ---------- */
  const SILENCE = 25_000; // the server sends a sign of life every ten seconds; a proxy that holds them back is found out
  const heard = new WeakMap();
  const isLive = (source) => performance.now() - (heard.get(source.closest("[data-stream]")) ?? -SILENCE) < SILENCE;
  // whoever fills in a filter is not interrupted by what has been found meanwhile
  const isTyping = () => document.activeElement?.matches("input:not([type=checkbox], [type=radio]), select, textarea");
  document.addEventListener("htmx:before:request", (event) => {
    const source = event.detail?.ctx?.sourceElement ?? event.target;
    if (!source?.matches?.("[data-poll]")) return;
    if (document.hidden || isLive(source) || (source.matches("[data-partial]") && isTyping())) event.preventDefault();
  });
  document.addEventListener("htmx:sse:before:message", (event) => heard.set(event.target, performance.now()));
  for (const over of ["htmx:sse:error", "htmx:sse:close"])
    document.addEventListener(over, (event) => heard.delete(event.target));

  /* ---------- a page renewed in place: figures whose numbers are the same stay as they are drawn; the tray is drawn by
     this file ---------- */
  const told = (figure) => all("script, figcaption", figure).map((part) => part.textContent).join();
  window.htmx?.registerExtension("stay", {
    htmx_before_morph_node: (_, { oldNode: here, newNode: sent }) => {
      if (!(here instanceof Element) || !here.matches("[data-plot], [data-tray]")) return true;
      if (here.matches("[data-plot]") && told(here) !== told(sent)) {
        window.Plotly?.purge(here.querySelector(".plot-area"));
        here.replaceChildren(...sent.childNodes);
        delete here.dataset.drawn;
      }
      return false;
    },
  });

  /* ---------- focus: htmx gives it back to what has the same id; if that is gone, it goes to what came instead ---------- */
  let hadFocus = "";
  document.addEventListener("htmx:before:swap", (event) => {
    const targets = (event.detail?.tasks ?? []).map((task) => task.target).filter((target) => target instanceof Element);
    hadFocus = targets.find((target) => target.id && target.contains(document.activeElement))?.id ?? "";
  });
  document.addEventListener("htmx:after:swap", () => {
    const place = hadFocus && document.activeElement === document.body ? document.getElementById(hadFocus) : null;
    hadFocus = "";
    if (!place) return;
    if (!place.hasAttribute("tabindex")) place.tabIndex = -1;
    place.focus({ preventScroll: true });
  });

  /* ---------- every page, and every part that htmx swaps in ---------- */
  function enhance(within = document) {
    const titled = document.querySelector("[data-title]"); // of a page whose state is in its title
    if (titled) document.title = titled.dataset.title;
    for (const button of all("[data-copy][hidden], [data-plot-save][hidden]", within)) button.hidden = false;
    all("[data-plot]:not([data-drawn])", within).forEach(drawPlot);
    drawTray();
  }
  document.addEventListener("htmx:after:swap", () => enhance());
  document.addEventListener("htmx:after:history:restore", () => enhance());
  addEventListener("pageshow", (event) => event.persisted && drawTray());
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => enhance());
  else enhance();
})();
