/* Studies: two to six networks are put side by side. */
(() => {
  "use strict";
  /* say so where another number is chosen */
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
