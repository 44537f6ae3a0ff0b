/* In an embedding: sends the height of the content to the page that holds the frame, whenever it changes. */
"use strict";
(() => {
  if (window.parent === window) return;
  let sent = 0;
  const sendHeight = () => {
    const height = Math.ceil(document.querySelector("main").getBoundingClientRect().bottom + 12);
    if (height === sent) return;
    sent = height;
    // a height is no secret, and who holds the frame is not known here
    window.parent.postMessage({ type: "pluriscope:height", height }, "*");
  };
  new ResizeObserver(sendHeight).observe(document.querySelector("main"));
  addEventListener("load", sendHeight);
  addEventListener("message", (event) => {
    // the page that holds the frame may have begun to listen only now
    if (event.source !== window.parent || !event.data || event.data.type !== "pluriscope:measure") return;
    sent = 0;
    sendHeight();
  });
  sendHeight();
})();
