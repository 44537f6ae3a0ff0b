/* Plots: JSON in their figures, in the colours of the tokens in force. Each figure brings this file; the first does the work. */
"use strict";
(() => {
  if (window.watchPlots) return window.watchPlots();
  const root = document.documentElement;
  const plotlyUrl = document.currentScript.dataset.plotly;
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
    if (typeof value === "string" && value.startsWith("--")) return styles.getPropertyValue(value).trim();
    if (Array.isArray(value)) return value.map((entry) => withTokens(entry, styles));
    if (value && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, withTokens(entry, styles)]));
    return value;
  }
  /* A bar whose datum is an address leads there. plotly looks up to 50 ms late what the pointer is over; if the button is
     down by then, it tells of no click. What the pointer was over when the button went down counts then. */
  function leadOn(place) {
    let over = null;
    let pressed = null;
    const follow = (point, event) => {
      pressed = null;
      if (!point?.customdata) return;
      if (event.ctrlKey || event.metaKey) window.open(point.customdata, "_blank", "noopener");
      else location.assign(point.customdata);
    };
    place.on("plotly_hover", ({ points }) => (over = points[0]));
    place.on("plotly_unhover", () => (over = null));
    place.addEventListener("mousedown", () => (pressed = over), true);
    place.on("plotly_click", ({ points, event }) => follow(points[0], event));
    place.addEventListener("click", (event) => follow(pressed, event));
  }
  async function draw(figure) {
    const place = figure.querySelector(".plot-area");
    try {
      const plot = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
      const library = await plotly();
      const { data, layout, config } = withTokens(plot, getComputedStyle(root));
      await library.react(place, data, layout, config);
      if (!figure.dataset.drawn) leadOn(place);
      figure.dataset.drawn = "true";
    } catch (error) {
      figure.dataset.drawn = "failed";
      place.textContent = `This figure could not be drawn: ${error.message}.`;
    }
  }
  const near = new IntersectionObserver(
    (seen) => {
      for (const { isIntersecting, target } of seen) if (isIntersecting) near.unobserve(target), draw(target);
    },
    { rootMargin: "400px" },
  );
  const watch = (plots) => document.querySelectorAll(plots).forEach((figure) => near.observe(figure));
  window.watchPlots = () => watch("[data-plot]:not([data-drawn])");
  const redraw = () => watch("[data-plot][data-drawn=true]");
  new MutationObserver(redraw).observe(root, { attributes: true, attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  window.watchPlots();
})();
