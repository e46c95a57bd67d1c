// What is wrong with a page whoever looks at it, in words; called with the width it shall be shown at and whether dark.
const [width, dark] = arguments;
const faults = [];

// It is shown as the variant says, and nothing makes it scroll sideways.
const root = document.documentElement;
if (innerWidth !== width) faults.push(`it is shown ${innerWidth} wide, not ${width}`);
if (root.scrollWidth > root.clientWidth) faults.push(`it scrolls sideways: ${root.scrollWidth} in ${root.clientWidth}`);

// Colors as [red, green, blue, opacity].
const parse = (color) => {
  const [red, green, blue, opacity = 1] = color.match(/[\d.]+/g).map(Number);
  return [red, green, blue, opacity];
};
const luminance = (color) => {
  const [red, green, blue] = color.slice(0, 3).map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const contrast = (one, other) => {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
};
const behind = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const color = parse(getComputedStyle(at).backgroundColor);
    if (color[3] > 0) return color;
  }
  return [255, 255, 255, 1];
};
const page = luminance(behind(document.body));
if (dark ? page > 0.1 : page < 0.8) faults.push(`it is not ${dark ? "dark" : "light"}: ${page.toFixed(2)}`);

const short = (element) => said(element).slice(0, 40);

// Text can be read (WCAG 1.4.3).
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
  const element = texts.currentNode.parentElement;
  const words = texts.currentNode.data.trim();
  if (!words || !isSeen(element)) continue;
  const style = getComputedStyle(element);
  const size = parseFloat(style.fontSize);
  const least = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
  const measured = contrast(parse(style.color), behind(element));
  if (measured < least) faults.push(`“${words}” has a contrast of ${measured.toFixed(1)}`);
}

// Fields have names, and can be told from the page (WCAG 1.3.1, 1.4.11).
for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
  const name = [...field.labels].map(short).join("") || field.getAttribute("aria-label");
  if (!name) faults.push(`the field ${field.name} has no label`);
  if (!isSeen(field) || field.matches("[type=checkbox], [type=radio]")) continue;
  const style = getComputedStyle(field);
  const measured = contrast(parse(style.borderTopColor), behind(field.parentElement));
  if (measured < 3) faults.push(`the border of ${name} has a contrast of ${measured.toFixed(1)}`);
}

// What is pressed can be hit (WCAG 2.5.8): 24 pixels, controls 44 as on all of this site; links inside text are as the text is.
for (const target of document.querySelectorAll("a[href], button, select, summary, input:not([type=hidden])")) {
  if (!isSeen(target) || target.matches(".skip")) continue;
  const isLink = target.matches("a:not(.button)");
  const area = target.matches("[type=checkbox], [type=radio]") ? target.closest("label") ?? target : target;
  const isText = isLink && getComputedStyle(target).display === "inline";
  const { height } = area.getBoundingClientRect();
  const least = isLink || target.matches(".tick *") ? 24 : 44;
  if (!isText && height < least - 0.5) faults.push(`“${short(target) || target.name}” is ${height} high`);
}

// Links and labels lead to one place.
const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) faults.push(`two elements are #${id}`);

return faults;
