// A little comfort on top of pages that work without it: tick all, filter long lists of choices, look again at a long
// action.
"use strict";

for (const all of document.querySelectorAll("[data-tick=all]")) {
  const ones = all.closest("form").querySelectorAll("[data-tick=one]");
  all.addEventListener("change", () => { for (const one of ones) one.checked = all.checked; });
}

for (const field of document.querySelectorAll("fieldset.many")) {
  const labels = [...field.querySelectorAll(".groups label")];
  const groups = [...field.querySelectorAll(".groups fieldset")];
  if (labels.length < 9) continue;
  const box = document.createElement("input");
  box.type = "search";
  box.id = field.id + "__filter";
  box.setAttribute("aria-label", "Filter " + field.querySelector("legend").textContent);
  const label = document.createElement("label");
  label.htmlFor = box.id;
  label.textContent = "Filter";
  box.addEventListener("input", () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const label of labels) {
      const text = (label.textContent + " " + label.parentElement.querySelector("legend").textContent).toLowerCase();
      label.hidden = !words.every((word) => text.includes(word));
    }
    // A heading with nothing below it would only be in the way.
    for (const group of groups) group.hidden = !group.querySelector("label:not([hidden])");
  });
  // Enter in the box filters; it does not send the form.
  box.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  field.querySelector(".groups").before(label, box);
}

for (const waiting of document.querySelectorAll("[data-again]")) {
  setTimeout(() => location.reload(), Number(waiting.dataset.again));
}
