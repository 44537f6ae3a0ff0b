/* The opening story: turns to another screen without a new page, lets the network run, asks for a guess first.
   On slides the hands of a class are counted before an answer. Without this file each screen is a page with its figure
   at the end, and a guess is a link. */
"use strict";
(() => {
  const story = document.querySelector("[data-story]");
  if (!story) return;
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const screens = [...story.querySelectorAll(".screen")];
  const lives = new Map(); // screen → its network, made when the screen is first seen
  const taken = new WeakSet(); // screens on which the reader chose an input, or on which all of them have run
  let now = screens.findIndex((screen) => screen.matches(".now"));
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  const bits = (text) => [...text].map(Number);

  function liveOf(screen) {
    if (lives.has(screen)) return lives.get(screen);
    const figure = screen.querySelector("[data-runs]");
    if (!figure) return null;
    const live = new Live(figure, []);
    live.input = live.net.input;
    lives.set(screen, live);
    if (!screen.querySelector(".sayings")) offer(screen, live);
    return live;
  }

  /* ---------- screens 1 to 3: inputs run, and on 1 and 2 they fill the row of answers ---------- */
  function offer(screen, live) {
    const run = (input) => {
      taken.add(screen);
      mark(screen, input);
      live.run({ input });
    };
    live.net.names[0].forEach((name, position) => {
      const label = () => `Input ${name}, now ${live.input[position]}`;
      live.press(name, label, () => run(live.input.map((bit, at) => (at === position ? 1 - bit : bit))));
    });
    live.figure.addEventListener("click", ({ target }) => target.closest("svg") && !target.closest("[role=button]") && stop());
    for (const row of screen.querySelectorAll("[data-input]")) {
      row.setAttribute("role", "button");
      row.tabIndex = 0;
      row.addEventListener("click", () => run(bits(row.dataset.input)));
      row.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        run(bits(row.dataset.input));
      });
    }
    live.figure.addEventListener("live", ({ detail }) => {
      if (screen.querySelector(".answers")) answer(rowOf(screen, detail.input), detail.answer);
      if (taken.has(screen) && screen === screens[now]) window.announce?.(`On ${detail.input.join("")} the answer is ${detail.answer}`);
    });
  }
  const rowOf = (screen, input) => screen.querySelector(`[data-input="${input.join("")}"]`);
  function answer(row, said) {
    const bit = row.querySelector(".bit");
    bit.dataset.bit = bit.textContent = said;
  }
  function mark(screen, input) {
    for (const row of screen.querySelectorAll("[data-input]")) row.classList.toggle("now", row === rowOf(screen, input));
  }
  async function watch(screen, live) {
    const rows = [...screen.querySelectorAll("[data-input]")];
    if (taken.has(screen) || still.matches) return mark(screen, live.input);
    for (const row of rows) answer(row, "?");
    for (const row of rows) {
      const input = bits(row.dataset.input);
      mark(screen, input);
      if (!(await live.run({ input }))) return;
      await pause(900);
      if (taken.has(screen) || screen !== screens[now]) return;
    }
    taken.add(screen);
  }
  /** Ends the run through all inputs. */
  function stop() {
    const screen = screens[now];
    if (!screen.querySelector(".answers") || taken.has(screen)) return false;
    rest(screen, liveOf(screen));
    return true;
  }
  /** Ends what runs, as it would have ended; a guess on its way is none. */
  function rest(screen, live) {
    if (screen.querySelector(".sayings")) return screen.dataset.guess || live.show(1);
    for (const row of screen.querySelectorAll("[data-input]")) answer(row, +(live.values(bits(row.dataset.input)).at(-1)[0] > 0.5));
    taken.add(screen);
    live.show();
  }

  /* ---------- screens 4 and 5: a neuron is forced, the reader guesses, the rest runs ---------- */
  async function ask(screen, live) {
    if (screen.dataset.guess) return;
    const { name, own, value } = live.net;
    live.force = { [name]: own };
    live.show(1);
    if (!still.matches) await pause(700);
    if (screen.dataset.guess || "guessed" in screen.dataset || screen !== screens[now]) return;
    live.force = { [name]: value };
    await live.move(name, own, value);
  }
  async function answerOf(screen, choice) {
    if (screen.dataset.guess || "guessed" in screen.dataset) return;
    screen.dataset.guessed = "";
    const live = liveOf(screen);
    live.force = { [live.net.name]: live.net.value };
    const whole = await live.run({ from: 1 });
    delete screen.dataset.guessed;
    if (!whole) return;
    screen.dataset.guess = choice ? choice.dataset.choice : "-";
    if (choice) for (const file of screen.querySelectorAll(".menu a")) file.search = choice.search;
    const revealed = screen.querySelector(".verdict-line .revealed"); // put in anew, so that it is read out
    revealed.replaceWith(revealed.cloneNode(true));
    if (choice) history.replaceState(history.state, "", choice.href);
    screen.querySelector("[data-next]").focus({ preventScroll: true });
  }

  /* ---------- slides: hands are counted, then the answer is shown ---------- */
  const counts = "counts" in story.dataset;
  function guess(screen, choice) {
    if (!counts) return answerOf(screen, choice);
    if (screen.dataset.guess) return;
    const votes = choice.querySelector(".votes");
    votes.value = +votes.value + 1;
  }
  const unanswered = (screen) => screen.querySelector(".sayings") && !screen.dataset.guess && !("guessed" in screen.dataset);
  /** Counts from 0, the answer is open again. */
  function anew(screen) {
    if ("guessed" in screen.dataset) return;
    for (const votes of screen.querySelectorAll(".votes")) votes.value = 0;
    screen.dataset.guess = "";
    ask(screen, liveOf(screen));
  }
  for (const one of story.querySelectorAll(".votes, .counting, [data-full]")) one.hidden = false;

  /* ---------- turning ---------- */
  function enter() {
    const screen = screens[now];
    const live = liveOf(screen);
    if (!live) return;
    if (screen.querySelector(".answers")) watch(screen, live);
    if (screen.querySelector(".sayings")) ask(screen, live);
  }
  function turn(to, kept = false) {
    const screen = screens[to];
    if (!screen || to === now) return;
    if ("reload" in screen.dataset) return location.assign(screen.dataset.url);
    const left = screens[now];
    now = to;
    left.classList.remove("now");
    if (lives.has(left)) rest(left, lives.get(left));
    screen.classList.add("now");
    story.dataset.story = "turned";
    document.title = `${screen.dataset.title} · Pluriscope`;
    if (!kept) history.pushState(null, "", screen.dataset.url);
    scrollTo(0, 0);
    const title = screen.querySelector("h1, h2");
    title.ariaLevel = 1; // the only one that is shown
    title.tabIndex = -1;
    title.focus({ preventScroll: true });
    enter();
  }
  const place = (url) => ((one) => one.pathname + (one.searchParams.get("screen") ?? ""))(new URL(url, location));
  const at = (url) => screens.findIndex((screen) => place(screen.dataset.url) === place(url));
  addEventListener("popstate", () => turn(at(location), true));
  story.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    const link = event.target.closest("[data-turn]");
    const choice = event.target.closest("[data-choice]");
    if (event.target.closest("[data-reset]")) return anew(screens[now]);
    if (event.target.closest("[data-answer]")) return answerOf(screens[now]);
    if (event.target.closest("[data-full]") && document.fullscreenElement) return document.exitFullscreen();
    if (event.target.closest("[data-full]")) return document.documentElement.requestFullscreen();
    if (!link && !choice) return;
    event.preventDefault();
    if (choice) guess(screens[now], choice);
    else turn(at(link.href));
  });
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea") || document.querySelector("dialog[open]")) return;
    const scrolls = event.key.startsWith("Page") && document.documentElement.scrollHeight > innerHeight + 4;
    const goes = event.key === " " && counts && !event.target.closest("button");
    const by = goes ? 1 : { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 }[event.key];
    if (by && !scrolls) {
      event.preventDefault();
      if (by === 1 && counts && unanswered(screens[now])) answerOf(screens[now]); // a presenter's one key leads on
      else turn(now + by);
    } else if (event.key === " " && !event.target.closest("a, button, summary, [role=button]") && stop()) event.preventDefault();
    else if (counts && event.key === "0" && screens[now].querySelector(".votes")) anew(screens[now]);
    else screens[now].querySelector(`[data-choice="${event.key.toUpperCase()}"]`)?.click();
  });
  let touched = null;
  story.addEventListener("touchstart", ({ changedTouches: [one], touches }) => (touched = touches.length > 1 ? null : one), { passive: true });
  story.addEventListener("touchend", ({ changedTouches: [one] }) => {
    const [across, down] = touched ? [one.clientX - touched.clientX, one.clientY - touched.clientY] : [0, 0];
    if (Math.abs(across) > 50 && Math.abs(across) > 2 * Math.abs(down)) turn(now + (across < 0 ? 1 : -1));
  });

  /* ---------- paper: every figure at its end, with the answers ---------- */
  const open = () => screens.filter((screen) => screen.querySelector(".sayings") && !screen.dataset.guess);
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = open();
    for (const screen of opened) {
      const live = liveOf(screen);
      live.force = { [live.net.name]: live.net.value };
      live.show();
      screen.dataset.guess = "-";
    }
    for (const screen of screens) if (lives.has(screen)) rest(screen, liveOf(screen));
  });
  addEventListener("afterprint", () => {
    for (const screen of opened) {
      screen.dataset.guess = "";
      lives.get(screen).show(1);
    }
  });

  screens.forEach((screen, number) => {
    if (number !== now && screen.dataset.guess === "-" && screen.querySelector(".sayings")) screen.dataset.guess = "";
  });
  enter();
})();
