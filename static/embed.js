/* In an embedding: tells the page that holds the frame how tall the content is, whenever that changes. */
"use strict";
(() => {
  if (window.parent === window) return;
  let told = 0;
  const tell = () => {
    const height = Math.ceil(document.querySelector("main").getBoundingClientRect().bottom + 12);
    if (height === told) return;
    told = height;
    // a height is no secret, and who holds the frame is not known here
    window.parent.postMessage({ type: "pluriscope:height", height }, "*");
  };
  new ResizeObserver(tell).observe(document.querySelector("main"));
  addEventListener("load", tell);
  addEventListener("message", (event) => {
    // whoever holds the frame may have begun to listen only now
    if (event.source !== window.parent || !event.data || event.data.type !== "pluriscope:tell") return;
    told = 0;
    tell();
  });
  tell();
})();
