// Charts one can take hold of: once the page has been painted, plotly draws each chart that comes into view from the
// figure that the server makes of its record. Until then, and wherever this fails, the drawing of the page stands.
"use strict";

(() => {
  const { plotly: file } = document.currentScript.dataset;
  let library;

  // the browser has painted and has nothing else to do
  const idle = () => new Promise((done) => {
    const later = () => (window.requestIdleCallback ?? setTimeout)(done, { timeout: 1000 });
    if (document.readyState === "complete") later();
    else window.addEventListener("load", later, { once: true });
  });

  const loaded = () => library ??= new Promise((done, failed) => {
    const script = Object.assign(document.createElement("script"), { src: file, onload: done, onerror: failed });
    document.head.append(script);
  });

  const coloured = (text) => {
    const style = getComputedStyle(document.documentElement);
    return JSON.parse(text, (_, value) => {
      const name = typeof value === "string" && /^var\((--[\w-]+)\)$/.exec(value);
      return name ? style.getPropertyValue(name[1]).trim() : value;
    });
  };

  async function draw(box) {
    await idle();
    const [answer] = await Promise.all([fetch(box.dataset.chart), loaded()]);
    if (!answer.ok) return;
    const { data, layout } = coloured(await answer.text());
    const { height } = box.firstElementChild.getBoundingClientRect(), filter = box.closest("form"); // so that nothing moves
    layout.height = filter ? height : Math.max(120 + (layout.showlegend && box.clientWidth < 600 ? 20 * data.length : 0), height);
    if (filter) Object.assign(layout, { margin: { l: 0, r: 0, t: 4, b: 16 }, yaxis: { visible: false }, showlegend: false });
    const cells = layout.uniformtext ? [...box.querySelectorAll("text.n")] : null; // of a heat map, those that the drawing writes
    if (cells?.every((words) => !words.getClientRects().length)) data.forEach((row) => { row.textposition = "none"; });
    if (filter && data[0].x.every(Number.isInteger) && Math.max(...data[0].x) - Math.min(...data[0].x) < 10) layout.xaxis.tickvals = data[0].x;
    const touch = matchMedia("(hover: none)").matches;
    if (touch) layout.dragmode = false; // a finger scrolls the page
    const at = Object.assign(document.createElement("div"), { className: "plot" });
    box.append(at);
    box.classList.add("drawn");
    try {
      await Plotly.newPlot(at, data, layout, {
        responsive: true,
        displaylogo: false,
        plotlyServerURL: "",
        ...(filter || touch ? { displayModeBar: false } : {}),
        modeBarButtonsToRemove: ["sendChartToCloud", "lasso2d", "autoScale2d", "zoomIn2d", "zoomOut2d", ...(layout.meta.selects.length ? [] : ["select2d"])],
        toImageButtonOptions: { format: "png", scale: 2, filename: box.dataset.name },
      });
    } catch (error) {
      at.remove();
      box.classList.remove("drawn");
      throw error;
    }
    // its caption and its table have it in words
    const unread = () => {
      at.querySelectorAll("svg").forEach((svg) => svg.setAttribute("aria-hidden", "true"));
      at.querySelectorAll(".modebar-btn[data-attr]").forEach((button) => button.tabIndex = -1); // for who drags
    };
    unread();
    at.on("plotly_afterplot", unread);
    const { selects } = layout.meta;
    // the range of some bars: what their own links ask for, where these do
    const choose = (points) => {
      const [first, last] = [(a, b) => a.x < b.x, (a, b) => a.x > b.x].map((before) => points.reduce((a, b) => before(a, b) ? a : b));
      const option = (point, name) => Number(new URL(point.customdata || "", location).searchParams.get(name) ?? point.x);
      const detail = { options: selects, ends: [option(first, selects[0]), option(last, selects[1])] };
      box.dispatchEvent(new CustomEvent("chart:range", { bubbles: true, detail }));
    };
    at.on("plotly_click", ({ points: [point] }) => {
      if (filter) choose([point]);
      else if (point.customdata) location.assign(point.customdata);
    });
    at.on("plotly_clickannotation", ({ index }) => {
      const url = layout.meta.marks[index];
      if (url) location.assign(url);
    });
    at.on("plotly_hover", ({ points: [point] }) => at.classList.toggle("leads", Boolean(point.customdata)));
    at.on("plotly_unhover", () => at.classList.remove("leads"));
    at.on("plotly_selected", (chosen) => {
      if (!selects.length || !chosen?.points.length) return;
      choose(chosen.points);
      Plotly.relayout(at, { selections: [] }); // under its box no item could be clicked
    });
  }

  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      draw(target).catch(() => {});
    }
  }, { rootMargin: "200px" });

  const find = (root) => root.querySelectorAll("[data-chart]:not([data-seen])").forEach((box) => {
    box.dataset.seen = "";
    seen.observe(box);
  });
  // a range that is taken of a chart among the filters of a list
  document.addEventListener("chart:range", ({ target, detail: { options, ends } }) => {
    const form = target.closest("form");
    if (!form) return;
    options.forEach((name, place) => { form.elements[name].value = ends[place]; });
    form.requestSubmit();
  });

  find(document);
  document.addEventListener("htmx:after:swap", () => find(document));
})();
