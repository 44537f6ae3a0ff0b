/* Figures of studies: a click on a dot opens its network. Figures are drawn by app.js; this only attends to them. */
(() => {
  "use strict";
  const attend = (figure) => {
    const place = figure.querySelector(".plot-area");
    if (!place?.on || figure.dataset.attended) return;
    figure.dataset.attended = "true";
    const address = (event) => event.points?.[0]?.customdata?.[1];
    place.on("plotly_click", (event) => {
      const url = address(event);
      if (!url) return;
      if (event.event?.ctrlKey || event.event?.metaKey) window.open(url, "_blank", "noopener");
      else location.assign(url);
    });
    place.on("plotly_hover", (event) => {
      if (address(event)) figure.dataset.over = "";
    });
    place.on("plotly_unhover", () => delete figure.dataset.over);
  };
  const watch = (figure) => {
    if (figure.dataset.watched) return;
    figure.dataset.watched = "true";
    new MutationObserver(() => figure.dataset.drawn === "true" && attend(figure)).observe(figure, {
      attributes: true,
      attributeFilter: ["data-drawn"],
    });
    if (figure.dataset.drawn === "true") attend(figure);
  };
  const begin = () => document.querySelectorAll("[data-study-figure]").forEach(watch);
  document.addEventListener("htmx:after:swap", begin);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();

  /* two to six networks are put side by side: say so where another number is chosen */
  document.addEventListener("submit", (event) => {
    const form = event.target.closest?.(".study-choice");
    if (!form) return;
    const chosen = form.querySelectorAll("input[name=n]:checked");
    const ok = chosen.length >= 2 && chosen.length <= 6;
    const first = form.querySelector("input[name=n]");
    first?.setCustomValidity(ok ? "" : "Choose two to six networks.");
    if (!ok) {
      event.preventDefault();
      first?.reportValidity();
      first?.setCustomValidity("");
    }
  });
})();
