// What says which value is what in a list: the headings that are to be seen, and the label beside each value of a row.
// Called with the words of the row's first value.
const [words] = arguments;

const row = [...document.querySelectorAll("tbody tr")].find((row) => said(row.querySelector("th")) === words);
const headings = [...row.closest("table").querySelectorAll("thead th")].filter((heading) => !heading.querySelector("input") && isSeen(heading)).map(said);

const beside = [...row.querySelectorAll("th, td:not(.ticks)")].map((cell) => {
  const { content, display, visibility } = getComputedStyle(cell, "::before");
  return content === "none" || display === "none" || visibility !== "visible" ? "" : JSON.parse(content);
});
return [headings, beside];
