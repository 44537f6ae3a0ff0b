/* Plotly figures: JSON beside the place, colours from the tokens in force. The library is fetched by the first of them. */
"use strict";
(() => {
  const root = document.documentElement;
  const plotlyUrl = document.currentScript?.dataset.plotly ?? "";
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const announce = (words) => {
    const region = document.querySelector("[data-announce]");
    if (region) region.textContent = words;
  };
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

  const redraw = () => all("[data-plot][data-drawn]").forEach(drawPlot);
  new MutationObserver(redraw).observe(root, { attributes: true, attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  function enhance() {
    for (const button of all("[data-plot-save][hidden]")) button.hidden = false;
    all("[data-plot]:not([data-drawn])").forEach(drawPlot);
  }
  document.addEventListener("htmx:after:swap", enhance);
  document.addEventListener("htmx:after:history:restore", enhance);
  enhance();
})();
