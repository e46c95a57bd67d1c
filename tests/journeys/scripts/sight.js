// What the other scripts begin with: the words of an element, and whether it is to be seen.
const said = (element) => element.textContent.replace(/\s+/g, " ").trim();

const isSeen = (element) => {
  const { width, height } = element.getBoundingClientRect();
  if (!width || !height || !element.checkVisibility({ visibilityProperty: true })) return false;
  for (let at = element; at; at = at.parentElement) if (getComputedStyle(at).clipPath === "inset(50%)") return false;
  return true;
};

