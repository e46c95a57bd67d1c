// What somebody at the screen finds by the words on it: a field by its label, or something to press.
// Called with "fill" or "press" and the words; answers with the element or null.
const [act, words] = arguments;

const names = (field) => [
  ...[...field.labels].map((label) => said(label).replace(/ \(required\)$/, "")),
  field.getAttribute("aria-label"),
];

const found = {
  fill: () => [...document.querySelectorAll("input:not([type=hidden]), select, textarea")].filter((field) => names(field).includes(words)),
  press: () => [...document.querySelectorAll("button, a[href], summary")].filter((target) => said(target) === words),
}[act]().filter(isSeen);

// The page's own matter comes before what frames it.
return found.find((element) => element.closest("main")) ?? found[0] ?? null;
