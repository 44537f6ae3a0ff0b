/* For pages that hold embeddings: lets every frame marked data-pluriscope grow to its content. Load it once or often. */
"use strict";
(() => {
  if (window.pluriscopeEmbeds) return;
  window.pluriscopeEmbeds = true;
  addEventListener("message", (event) => {
    const data = event.data;
    if (!data || data.type !== "pluriscope:height" || !Number.isFinite(data.height)) return;
    for (const frame of document.querySelectorAll("iframe[data-pluriscope]")) {
      if (frame.contentWindow === event.source && new URL(frame.src, location.href).origin === event.origin) {
        frame.style.height = `${Math.min(Math.max(data.height, 80), 4000)}px`;
      }
    }
  });
  // a frame that was loaded first has sent its height before this script listened
  for (const frame of document.querySelectorAll("iframe[data-pluriscope]")) {
    frame.contentWindow.postMessage({ type: "pluriscope:measure" }, "*");
  }
})();
