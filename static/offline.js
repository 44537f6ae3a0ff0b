/* Pages of an offline copy: the theme, kept in this browser where it allows that, and which address was wanted.
   Not deferred: the theme must be known before the page is drawn. */
"use strict";
(() => {
  const KEY = "pluriscope.offline.theme";
  const root = document.documentElement;
  try {
    const kept = localStorage.getItem(KEY);
    if (kept === "light" || kept === "dark") root.dataset.theme = kept;
  } catch {
    /* storage may be forbidden on files: the system's theme then holds */
  }
  new MutationObserver(() => {
    try {
      localStorage.setItem(KEY, root.dataset.theme);
    } catch {
      /* as above */
    }
  }).observe(root, { attributes: true, attributeFilter: ["data-theme"] });
  document.addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("[data-theme-switch]")) button.hidden = false;
    const wanted = document.querySelector("[data-wanted]");
    if (wanted && location.hash.startsWith("#/")) {
      let address = location.hash.slice(1);
      try {
        address = decodeURI(address);
      } catch {
        /* shown as it is */
      }
      wanted.querySelector("code").textContent = address;
      wanted.hidden = false;
    }
  });
})();
