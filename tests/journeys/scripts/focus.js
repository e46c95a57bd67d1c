// What has the focus: its words, whether it lies in the page's own matter, and whether it can be seen to have it.
const target = document.activeElement;
const [label] = target.labels ?? [];
const words = label && !target.matches("button") ? said(label).replace(/ \(required\)$/, "") : target.getAttribute("aria-label") ?? said(target);

const { outlineStyle, outlineWidth } = getComputedStyle(target);
const ring = outlineStyle === "none" ? 0 : parseFloat(outlineWidth);
const { top, bottom } = target.getBoundingClientRect();
const isShown = isSeen(target) && ring >= 2 && bottom > 0 && top < innerHeight;
return { words, isShown, isContent: target.closest("main") !== null };
