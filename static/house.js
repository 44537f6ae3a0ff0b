/* Every page in the browser: theme, copy buttons, polite polling, focus, keys. Pages work without this file. */
"use strict";
(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  /* The one region that is read out: it stays where parts of the page are exchanged. */
  const announce = (words) => {
    const region = document.querySelector("[data-announce]");
    if (region) region.textContent = words;
  };
  window.announce = announce;

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
  });

  /* ---------- copy buttons ---------- */
  const wordsBefore = new WeakMap();
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const value = button.dataset.copy;
    let words = value;
    if (/^(\/|https?:)/.test(value)) {
      const named = new URL(value, location.href);
      // a list that was filtered since the page was sent is shared as it is shown
      const shown = new URL(location.pathname + location.search, location.href);
      for (const name of ["theme", "part"]) shown.searchParams.delete(name);
      words = (button.closest("header.head") && named.pathname === shown.pathname ? shown : named).href;
    }
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

  /* ---------- sliders say their number ---------- */
  document.addEventListener("input", ({ target }) => {
    if (target.type === "range") target.nextElementSibling.textContent = +Number(target.value).toPrecision(4);
  });

  /* ---------- files that would be refused for their size are not sent ---------- */
  document.addEventListener("change", ({ target }) => {
    const most = Number(target.dataset.most);
    if (!most) return;
    const large = [...target.files].find((file) => file.size > most);
    const size = large && `${large.name} has ${Math.ceil(large.size / 1e6)} MB; ${most / 1e6} MB are the most.`;
    const words = large ? `${size} Save its weights alone, without the state of an optimizer.` : "";
    const field = target.closest(".field");
    const help = field.querySelector("small");
    help.dataset.usual ??= help.textContent;
    help.textContent = words || help.dataset.usual;
    field.classList.toggle("err", Boolean(large));
    target.setCustomValidity(words);
    target.reportValidity();
  });

  /* ---------- menus: closed by Escape, which gives the focus back, and by a click or the focus elsewhere ---------- */
  for (const elsewhere of ["click", "focusin"]) {
    document.addEventListener(elsewhere, (event) => {
      for (const menu of all("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of all("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  /* ---------- polling: no request is sent while the tab is hidden ---------- */
  // whoever fills in a filter is not interrupted by what has been found meanwhile
  const isTyping = () => document.activeElement?.matches("input:not([type=checkbox], [type=radio]), select, textarea");
  document.addEventListener("htmx:before:request", (event) => {
    const source = event.detail?.ctx?.sourceElement ?? event.target;
    if (!source?.matches?.("[data-poll]")) return;
    if (document.hidden || (source.matches("[data-partial]") && isTyping())) event.preventDefault();
  });

  /* ---------- focus: htmx gives it back to what has the same id; if that is gone, it goes to the nearest part around it
     that is still there. What the page says anew is read out ---------- */
  let hadFocus = []; // ids
  let before = [];
  const announcements = () => all("main :is(h1, .head > div > p, [data-says], .notice.refused p)").map((one) => one.textContent.trim());
  let hadOpen = false; // the filters of a list, where they are folded: what is chosen there is exchanged with the list
  document.addEventListener("htmx:before:swap", (event) => {
    const targets = (event.detail?.tasks ?? []).map((task) => task.target).filter((target) => target instanceof Element);
    hadFocus = [];
    for (let at = document.activeElement; at; at = at.parentElement) if (at.id) hadFocus.push(at.id);
    before = announcements();
    hadOpen = targets.some((target) => target.querySelector(".filters[open]"));
  });
  document.addEventListener("htmx:after:swap", () => {
    if (hadOpen) for (const filters of all(".filters")) filters.open = true;
    const news = announcements().filter((words) => !before.includes(words));
    if (news.length) announce(news.join(" "));
    const target = document.activeElement === document.body && hadFocus.map((id) => document.getElementById(id)).find(Boolean);
    if (!target) return;
    if (!target.hasAttribute("tabindex")) target.tabIndex = -1;
    target.focus({ preventScroll: true });
  });

  /* ---------- drawings full of links that exchange a part of the page: htmx learns of one when it is chosen, so that the
     page carries each address once ---------- */
  const pending = new Set(); // requests that are under way
  const chosen = new Set(); // ids of links that were chosen meanwhile: those that come instead know what was done before
  document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
    if (ctx.sourceElement.closest("[data-swapping-links]")) pending.add(ctx);
  });
  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    if (!pending.delete(ctx) || pending.size) return;
    const [id] = chosen;
    chosen.delete(id);
    document.getElementById(id)?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
  });
  document.addEventListener(
    "click",
    (event) => {
      const link = event.target.closest?.("[data-swapping-links] a[id][href]"); // what has no id leads away
      if (!link || !window.htmx || event.ctrlKey || event.metaKey || event.shiftKey) return;
      if (pending.size) {
        event.preventDefault();
        event.stopPropagation();
        if (![...pending].some((ctx) => ctx.sourceElement === link)) chosen.add(link.id);
      } else if (!link.hasAttribute("hx-get")) {
        link.setAttribute("hx-get", link.getAttribute("href"));
        window.htmx.process(link);
      }
    },
    true,
  );

  /* ---------- keys: never while somebody types, and never over a modifier ---------- */
  const showKeys = () => {
    const keys = document.querySelector("dialog.keys"); // another one after Back
    if (keys && !keys.open) keys.showModal();
  };
  const TYPING = "input:not([type=checkbox], [type=radio], [type=button], [type=submit]), select, textarea, [contenteditable]";
  const shown = (element) => element.checkVisibility({ visibilityProperty: true });
  const itemOf = (element) => element.closest("[data-item]");
  function step(by) {
    const items = all("main [data-item]").filter(shown);
    if (!items.length) return;
    const here = items.findIndex((item) => item.contains(document.activeElement));
    const first = items.findIndex((item) => item.getBoundingClientRect().bottom > 0);
    const next = items[Math.min(Math.max(here < 0 ? first : here + by, 0), items.length - 1)];
    (next.querySelector(".name a[href]") ?? next.querySelector("a[href], input"))?.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }
  const KEYS = {
    "/": () => {
      const field = document.querySelector("[data-search]");
      if (!field) return; // a copy on a disk has none
      if (!shown(field)) return location.assign(field.form.action);
      field.select();
      field.ask?.(); // what can be done here, before anything is typed
    },
    "?": showKeys,
    j: () => step(1),
    k: () => step(-1),
    c: () => itemOf(document.activeElement)?.querySelector("input[data-compare]")?.click(),
    t: () => document.querySelector("[data-tray]:not([hidden]) :is([data-tray-go][href], ol:not(:has(li + li)) a)")?.focus(),
  };
  function press(event) {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && !event.altKey && !event.shiftKey) {
      event.preventDefault();
      KEYS["/"]();
      return;
    }
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest(TYPING) || document.querySelector("dialog[open]") || !Object.hasOwn(KEYS, event.key)) return;
    const arrow = event.key.startsWith("Arrow");
    if (arrow && event.target.closest("input, [tabindex='0'], [role=slider]")) return; // those use arrows
    if (!arrow) event.preventDefault();
    KEYS[event.key]();
  }
  document.addEventListener("keydown", press);
  document.addEventListener("click", ({ target }) => {
    if (target.closest("[data-keys]")) showKeys();
    if (target.matches("dialog.keys")) target.close(); // on the ground around it
  });

  /* ---------- every page, and every part that htmx swaps in ---------- */
  function enhance() {
    for (const button of all(":is([data-copy], [data-keys])[hidden]")) button.hidden = false;
  }
  for (const renewed of ["htmx:after:swap", "htmx:after:history:restore"]) document.addEventListener(renewed, enhance);
  enhance();
})();
