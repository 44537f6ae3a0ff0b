/* Finding and reaching: suggestions under the search field, what terms mean, and a hint where something goes on sideways. Pages work without this file: the search is a form, a term is a link. */
"use strict";
(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  /* ---------- suggestions: a combobox with a list beside it (ARIA 1.2) ---------- */
  const WAIT = 150; // milliseconds without a key before the search is sent
  function suggest(input) {
    const list = document.getElementById(input.dataset.find);
    const field = { role: "combobox", "aria-autocomplete": "list", "aria-controls": list.id, "aria-expanded": "false" };
    for (const [name, value] of Object.entries(field)) input.setAttribute(name, value);
    let waiting = 0;
    let request = null;
    const options = () => all("[role=option]:not([aria-disabled])", list);
    const chosen = () => list.querySelector("[aria-selected=true]");

    function choose(option) {
      for (const other of options()) other.setAttribute("aria-selected", String(other === option));
      if (option) input.setAttribute("aria-activedescendant", option.id);
      else input.removeAttribute("aria-activedescendant");
      option?.scrollIntoView({ block: "nearest" });
    }
    function show(open) {
      list.hidden = !open;
      input.setAttribute("aria-expanded", String(open));
      if (!open) choose(null);
    }
    function follow(option) {
      show(false);
      const { does, href } = option.dataset;
      if (!act(does)) location.assign(href);
    }
    function fill(page) {
      let number = 0;
      const groups = page.groups.map((group) => {
        const part = element("div", { role: "group", "aria-label": group.title }, element("p", { "aria-hidden": "true" }, group.title));
        for (const hit of group.hits) {
          const id = `${list.id}-${number++}`;
          const option = element("div", { role: "option", id, "aria-selected": "false", "data-href": hit.url, "data-does": hit.does }, element("b", {}, hit.label), " ", element("span", {}, hit.detail));
          part.append(option);
        }
        return part;
      });
      const nothing = element("div", { role: "option", "aria-disabled": "true", "aria-selected": "false" }, "Nothing found");
      list.replaceChildren(...(groups.length ? groups : [nothing]));
      show(true);
      announce(groups.length ? `${number} suggestions` : "Nothing found");
    }
    async function ask() {
      request?.abort();
      request = new AbortController();
      const url = new URL(input.dataset.search, location.href);
      url.searchParams.set("q", input.value.trim());
      url.searchParams.set("limit", "4");
      try {
        const answer = await fetch(url, { signal: request.signal, headers: { accept: "application/json" } });
        if (answer.ok) fill(await answer.json());
      } catch (error) {
        if (error.name !== "AbortError") show(false); // Enter still sends the form
      }
    }
    input.addEventListener("input", () => {
      clearTimeout(waiting);
      choose(null);
      waiting = setTimeout(ask, WAIT);
    });
    input.addEventListener("keydown", (event) => {
      const found = options();
      const at = found.indexOf(chosen());
      const to = { ArrowDown: at + 1, ArrowUp: at < 0 ? found.length - 1 : at - 1 }[event.key];
      if (to !== undefined && found.length) {
        event.preventDefault();
        show(true);
        choose(found[to] ?? null); // beyond the last and before the first is the field itself
      } else if (event.key === "Enter" && chosen()) {
        event.preventDefault();
        follow(chosen());
      } else if (event.key === "Escape" && !list.hidden) {
        event.preventDefault();
        show(false);
      }
    });
    input.addEventListener("blur", () => show(false));
    list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]:not([aria-disabled])");
      if (option) follow(option);
    });
    input.ask = ask;
  }
  function element(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) if (value !== "") made.setAttribute(key, value);
    made.append(...children);
    return made;
  }
  function announce(words) {
    const region = document.querySelector("[data-announce]");
    if (region) region.textContent = words;
  }

  /* ---------- what an action does here instead of going somewhere ---------- */
  function act(does) {
    if (does === "dark" || does === "light") {
      if (getComputedStyle(root).colorScheme !== does) document.querySelector("[data-theme-switch]").click();
      return true;
    }
    if (does === "shortcuts") document.querySelector("dialog.keys").showModal();
    return does === "shortcuts";
  }

  /* ---------- terms: what the glossary says first, beside the word ---------- */
  const HOVER = 350;
  let box = null;
  let about = null;
  let timer = 0;
  function explain(term) {
    clearTimeout(timer);
    if (about === term) return;
    if (!box) {
      box = element("div", { class: "meaning", popover: "manual", role: "tooltip", id: "meaning" });

      box.addEventListener("pointerenter", () => clearTimeout(timer));
      box.addEventListener("pointerleave", () => (timer = setTimeout(closeMeaning, HOVER)));
    }
    closeMeaning();
    about = term;
    box.replaceChildren(term.dataset.meaning);
    (term.closest("dialog, main") ?? document.body).append(box);
    term.setAttribute("aria-describedby", box.id);
    box.showPopover();
    const word = term.getClientRects()[0] ?? term.getBoundingClientRect();
    const { width, height } = box.getBoundingClientRect();
    const below = word.bottom + height + 8 < innerHeight || word.top < height + 8;
    box.style.left = `${Math.max(8, Math.min(word.left, root.clientWidth - width - 8))}px`;
    box.style.top = `${below ? word.bottom + 4 : word.top - height - 4}px`;
  }
  function closeMeaning() {
    clearTimeout(timer);
    about?.removeAttribute("aria-describedby");
    about = null;
    if (box?.matches(":popover-open")) box.hidePopover();
  }
  const termAt = (event) => event.target.closest?.("a.term[data-meaning]");
  document.addEventListener("pointerover", (event) => {
    const term = termAt(event);
    if (!term || event.pointerType === "touch" || about === term) return;
    clearTimeout(timer);
    timer = setTimeout(() => explain(term), HOVER);
  });
  document.addEventListener("pointerout", (event) => {
    if (!termAt(event) || event.pointerType === "touch") return;
    clearTimeout(timer);
    timer = setTimeout(closeMeaning, HOVER);
  });
  let pressed = null; // the term whose meaning was already there when the finger came down
  document.addEventListener("pointerdown", (event) => {
    pressed = termAt(event) && about;
    if (about && !event.target.closest("a.term, .meaning")) closeMeaning();
  });
  document.addEventListener("focusin", (event) => {
    const term = termAt(event);
    if (term?.matches(":focus-visible")) explain(term);
    else if (!term && !event.target.closest(".meaning")) closeMeaning();
  });
  document.addEventListener("click", (event) => {
    const term = termAt(event);
    if (!term || event.pointerType !== "touch" || pressed === term) return; // a second tap follows the link
    event.preventDefault();
    explain(term);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && about) {
      event.preventDefault();
      closeMeaning();
    }
  });
  addEventListener("scroll", () => about && closeMeaning(), { passive: true });

  /* ---------- what goes on sideways says so at its edge ---------- */
  const SIDEWAYS = ".scroll-x, .log";
  const seen = new WeakSet();
  function hint(scroller) {
    const room = scroller.scrollWidth - scroller.clientWidth;
    const edges = [scroller.scrollLeft > 4 && "left", scroller.scrollLeft < room - 4 && "right"].filter(Boolean).join(" ");
    if ((scroller.dataset.more ?? "") === edges) return;
    if (edges) scroller.dataset.more = edges;
    else delete scroller.dataset.more;
  }
  /* A drawing is first seen where something is changed in it, or most is looked at; later where it was left. */
  const left = {};
  function goTo(scroller) {
    const part = scroller.querySelector(":scope > svg.wide :is(.vs-ring, .most)");
    if (!part) return;
    const { id } = scroller.closest("[id]");
    const [{ left: at, width }, around] = [part.getBoundingClientRect(), scroller.getBoundingClientRect()];
    scroller.scrollLeft = left[id] ?? at + width / 2 - around.left - around.width / 2;
    scroller.addEventListener("scroll", () => (left[id] = scroller.scrollLeft), { passive: true });
  }
  const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => hint(target)));
  function enhance() {
    for (const input of all("input[data-find]:not([role])")) suggest(input);
    for (const scroller of all(SIDEWAYS)) {
      if (seen.has(scroller)) continue;
      seen.add(scroller);
      goTo(scroller);
      scroller.addEventListener("scroll", () => hint(scroller), { passive: true });
      sizes.observe(scroller);
    }
  }

  document.addEventListener("htmx:after:swap", enhance);
  enhance();
})();
