/* The cloud of the common ground and the map of circuits: a click opens a mark, or puts it into the compare tray; a box takes several.
   Without this file the list beneath the figure holds the same explanations. */
"use strict";
(() => {
  let figure = null;
  let place = null;
  const mode = () => document.querySelector("input[name=cloud-mode]:checked")?.value ?? "open";
  const words = { open: " A click opens it.", select: " A click puts it into the compare tray or takes it out.",
    box: " Draw a box: the marks in it go into the compare tray, six at most." };

  const choose = (data, toggle) => {
    const items = data.filter((item) => item?.ref);
    if (items.length)
      document.dispatchEvent(new CustomEvent("tray:choose", { detail: { items: items.map(({ ref, label, href }) => ({ ref, label, href })), toggle } }));
  };
  const attend = () => {
    if (place.dataset.attended || !place.on) return;
    place.dataset.attended = "true";
    figure.addEventListener("plot:click", ({ detail: { datum } }) => {
      if (!datum?.ref) return;
      if (mode() === "open") location.assign(datum.url);
      else choose([datum], true);
    });
    place.on("plotly_hover", (event) => {
      if (event.points[0]?.customdata?.ref) figure.closest("[data-cloud]").dataset.over = "";
    });
    place.on("plotly_unhover", () => delete figure.closest("[data-cloud]").dataset.over);
    place.on("plotly_selected", (event) => {
      if (event?.points?.length) choose(event.points.map((point) => point.customdata), false);
    });
  };
  const adopt = () => {
    const note = document.querySelector("#how .needs-js");
    if (note) note.textContent = words[mode()];
    if (place?.on) window.Plotly?.relayout(place, { dragmode: mode() === "box" ? "select" : false });
  };
  const begin = () => {
    for (const part of document.querySelectorAll(".needs-js")) part.hidden = false;
    const here = document.querySelector("[data-cloud] [data-plot]");
    if (!here || here === figure) return;
    figure = here;
    place = figure.querySelector(".plot-area");
    new MutationObserver(() => figure.dataset.drawn === "true" && attend()).observe(figure, { attributes: true });
    if (figure.dataset.drawn === "true") attend();
  };
  begin();
  document.addEventListener("htmx:after:swap", begin);
  document.addEventListener("change", (event) => event.target.name === "cloud-mode" && adopt());
})();
