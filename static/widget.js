/* Pages of the application within a notebook. A frame shows them; whatever they ask for goes to the kernel as a message
   and is answered there, so that neither a server nor the internet is needed. */

const ORIGIN = "http://_"; // of addresses within the frame: there is no such host, so that nothing can be asked of it
const MOST = 760; // pixels in height, beyond which the frame scrolls
const LATE = 1000; // milliseconds after which a line says that the kernel is waited for
// what only a server does, what the notebook decides, and what would be asked of a network
const LEFT_OUT = ".bar nav, [data-theme-switch], .foot, noscript, meta[http-equiv], link:not([rel=stylesheet]), [href$='/edit'], [href*='/edit?'], [href='/jobs'], [href^='/networks/new']";
// in the frame: our own scripts alone, and nothing from any host
const ALLOWED = "default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; form-action 'none'; script-src ";
const files = new Map(); // address of a style or script → its text, asked for once

/* Runs in the frame, before the scripts of the page: what leads out of it is given to the notebook. */
function within({ origin, address, kept, y, nonce }) {
  const post = (kind, more, ports) => parent.postMessage({ kind, y: scrollY, ...more }, "*", ports);
  const path = (url) => url.href.slice(origin.length);
  const named = (hash) => document.getElementById(decodeURIComponent(hash.slice(1)));
  const href = Object.getOwnPropertyDescriptor(URL.prototype, "href");
  class FrameLocation extends URL {
    get href() { return super.href; }
    set href(url) { this.assign(url); }
    assign(url, save) {
      const to = new URL(url, this);
      if (to.origin !== origin) return post("open", { url: to.href });
      if (!to.hash || to.pathname + to.search !== this.pathname + this.search) return post("go", { url: path(to), save });
      href.set.call(this, to.href);
      named(to.hash)?.scrollIntoView();
    }
  }
  const frameLocation = window.frameLocation = new FrameLocation(address, origin);
  const moves = (kind) => function move(state, _, url) {
    this.state = state;
    href.set.call(frameLocation, new URL(url ?? frameLocation, frameLocation).href);
    document.querySelector("base").href = frameLocation.href;
    post(kind, { url: path(frameLocation) });
    if (kind === "push") for (const button of document.querySelectorAll("[data-step]")) button.disabled = button.dataset.step > 0;
  };
  async function ask(what, how) {
    const request = new Request(what, how);
    const { port1, port2 } = new MessageChannel();
    const answer = await new Promise((done, failed) => {
      request.signal.addEventListener("abort", () => failed(request.signal.reason));
      port1.onmessage = ({ data }) => (data.error ? failed(new TypeError(data.error)) : done(data));
      post("ask", { url: path(new URL(request.url)), headers: Object.fromEntries(request.headers) }, [port2]);
    });
    const response = new Response(answer.body.byteLength ? answer.body : null, answer);
    return Object.defineProperty(response, "url", { value: origin + answer.url });
  }
  const own = {
    fetch: ask,
    history: { state: null, pushState: moves("push"), replaceState: moves("replace") },
    localStorage: {
      getItem: (key) => kept[key] ?? null,
      setItem(key, value) { post("keep", { kept: Object.assign(kept, { [key]: String(value) }) }); },
    },
  };
  for (const [name, value] of Object.entries(own)) Object.defineProperty(window, name, { value });
  Object.defineProperty(navigator, "clipboard", { value: { writeText: async (text) => post("copy", { text }) } });
  Object.defineProperty(HTMLScriptElement.prototype, "src", { // of a script that a page adds later
    set(file) { ask(file).then((answer) => answer.text()).then((text) => { Object.assign(this, { nonce, text }).onload(); }).catch(this.onerror); },
  });
  // on the window: after everything that the page itself does about them
  addEventListener("click", (event) => {
    const step = event.target.closest?.("[data-step]");
    if (step) return post("step", { by: +step.dataset.step });
    const link = event.target.closest?.("a[href]");
    if (!link || event.defaultPrevented) return;
    event.preventDefault();
    frameLocation.assign(link.getAttribute("href"), link.getAttribute("download") ?? undefined);
  });
  addEventListener("submit", (event) => {
    const { target: form, submitter } = event;
    if (event.defaultPrevented || form.method === "dialog") return;
    event.preventDefault();
    const to = new URL(form.getAttribute("action") ?? "", frameLocation);
    to.search = new URLSearchParams(new FormData(form, submitter));
    frameLocation.assign(to);
  });
  addEventListener("message", ({ source, data }) => {
    if (source === parent && data.theme) document.documentElement.dataset.theme = data.theme;
  });
  addEventListener("DOMContentLoaded", () => {
    const root = document.documentElement;
    new ResizeObserver(() => post("size", { height: root.offsetHeight })).observe(root);
    if (y) scrollTo(0, y);
    else if (frameLocation.hash) named(frameLocation.hash)?.scrollIntoView();
  });
}

/* Light text stands on dark ground, whatever a notebook calls its theme and however it writes its colours. */
function themeAround(el) {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d");
  canvas.fillStyle = getComputedStyle(el).color;
  canvas.fillRect(0, 0, 1, 1);
  const [red, green, blue] = canvas.getImageData(0, 0, 1, 1).data;
  return red * 0.3 + green * 0.6 + blue * 0.1 > 128 ? "dark" : "light";
}

function render({ model, el }) {
  const make = (name, more, style = "") => {
    const made = Object.assign(document.createElement(name), more);
    made.style.cssText = style;
    return made;
  };
  const words = make("div", { role: "status" }, "font:13px sans-serif");
  // without an origin of the notebook's: a page can reach neither what it keeps nor what it may do
  const frame = make("iframe", { title: "Pluriscope", sandbox: "allow-scripts allow-forms" }, "display:block;width:100%;height:0;border:0;resize:vertical");
  el.append(words, frame);

  const waiting = new Map(); // number of a request → what to do with its answer
  let last = 0;
  const say = (text) => { words.textContent = text; };
  const ask = ({ url, headers = {} }) => new Promise((done, failed) => {
    const id = (last += 1);
    waiting.set(id, { done, failed });
    setTimeout(() => waiting.has(id) && say("Waiting for the kernel. If none is running, run the cell again."), LATE);
    model.send({ id, url, headers });
  });
  const accept = ({ id, ...answer }, [{ buffer, byteOffset, byteLength }]) => {
    const request = waiting.get(id);
    waiting.delete(id);
    if (!waiting.size) say("");
    if (answer.error) request?.failed(new Error(answer.error));
    else request?.done({ ...answer, body: buffer.slice(byteOffset, byteOffset + byteLength) });
  };
  model.on("msg:custom", accept);
  const read = (body) => new TextDecoder().decode(body);
  const text = (url) => {
    if (!files.has(url)) files.set(url, ask({ url }).then(({ body }) => read(body)));
    return files.get(url);
  };

  const entries = [{ url: model.get("address") }]; // pages that were shown, as a browser's tab knows them
  let at = 0;
  let kept = {}; // what pages keep in a browser
  let turn = 0;

  /* A page as one document: styles and scripts in it, scripts that take its address for the window's. */
  async function whole(html, address) {
    const page = new DOMParser().parseFromString(html, "text/html");
    const nonce = crypto.getRandomValues(new Uint32Array(4)).join("");
    for (const one of page.querySelectorAll(LEFT_OUT)) one.remove();
    page.documentElement.dataset.theme = themeAround(el);
    for (const link of page.querySelectorAll("link")) link.replaceWith(make("style", { textContent: await text(link.getAttribute("href")) }));
    for (const script of page.querySelectorAll("script[src]")) {
      const file = script.getAttribute("src");
      const shared = file.includes("/htmx-") ? "\nwindow.htmx = htmx;" : "";
      script.removeAttribute("src");
      script.textContent = `((location) => {${await text(file)}${shared}\n})(window.frameLocation);`.replaceAll("</script", "<\\/script");
      script.setAttribute("nonce", nonce);
      page.body.append(script);
    }
    const start = JSON.stringify({ origin: ORIGIN, address, kept, y: entries[at].y, nonce }).replaceAll("<", "\\u003c");
    const first = make("script", { textContent: `(${within})(${start})` });
    first.setAttribute("nonce", nonce);
    page.head.prepend(make("meta", { httpEquiv: "Content-Security-Policy", content: ALLOWED + `'nonce-${nonce}'` }), make("base", { href: ORIGIN + address }), first);
    const step = (by, ariaLabel, textContent) => {
      const button = make("button", { className: "btn", type: "button", ariaLabel, textContent, disabled: !entries[at + by] });
      button.dataset.step = by;
      return button;
    };
    page.querySelector(".brand")?.replaceWith(step(-1, "Back", "←"), step(1, "Forward", "→"));
    return `<!doctype html>${page.documentElement.outerHTML}`;
  }

  /* Shows what an address answers, as the newest entry unless it is one already; what is no page is saved. */
  async function show(request, isNew = true) {
    const mine = (turn += 1);
    const [address, hash] = request.url.split("#");
    try {
      const { body, headers, url } = await ask({ url: address });
      const type = headers["content-type"] ?? "";
      const named = /filename="([^"]+)"/.exec(headers["content-disposition"])?.[1] ?? request.save;
      if (named !== undefined || !type.startsWith("text/html")) {
        const file = URL.createObjectURL(new Blob([body], { type }));
        return press({ href: file, download: named || url.split("?")[0].split("/").at(-1) });
      }
      if (mine !== turn) return;
      const entry = { url: hash ? `${url}#${hash}` : url };
      if (isNew) entries.splice((at += 1), Infinity, entry);
      frame.srcdoc = await whole(read(body), entry.url);
      document.getElementById(model.get("picture"))?.remove();
    } catch (error) {
      say(error.message);
    }
  }
  function press(link) {
    const made = make("a", link);
    el.append(made); // where editors look for links that are followed
    made.click();
    made.remove();
  }

  const DOES = {
    ask: (request, [port]) => ask(request).then((answer) => port.postMessage(answer), (error) => port.postMessage({ error: error.message })),
    go: (request) => show(request),
    push: ({ url }) => entries.splice((at += 1), Infinity, { url }),
    replace: ({ url }) => { entries[at].url = url; },
    step: ({ by }) => show(entries[(at += by)], false),
    keep: (message) => { kept = message.kept; },
    open: ({ url }) => /^(https?|mailto):/.test(url) && press({ href: url, target: "_blank", rel: "noopener" }),
    copy: (message) => {
      const copied = message.text.replaceAll(ORIGIN, model.get("site"));
      navigator.clipboard?.writeText(copied).catch(() => say(copied)) ?? say(copied); // which a notebook may not allow
    },
    size: ({ height }) => { frame.style.height = `${Math.min(height, MOST)}px`; },
  };
  const receive = ({ source, data, ports }) => {
    if (source !== frame.contentWindow) return;
    if (["go", "push", "step"].includes(data.kind)) entries[at].y = data.y;
    DOES[data.kind](data, ports);
  };
  addEventListener("message", receive);
  const changed = new MutationObserver(() => frame.contentWindow?.postMessage({ theme: themeAround(el) }, "*"));
  for (const around of [document.documentElement, document.body]) changed.observe(around, { attributes: true });
  show(entries[0], false);
  return () => {
    removeEventListener("message", receive);
    model.off("msg:custom", accept);
    changed.disconnect();
  };
}

export default { render };
