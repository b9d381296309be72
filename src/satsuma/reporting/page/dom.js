// Elements: text is always text. Nothing here takes markup.

function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "on") {
      for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler);
    } else if (value !== null && value !== false) {
      element.setAttribute(key, value === true ? "" : value);
    }
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

function shape(name, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

const words = (text, name = "div", kind = "words") => make(name, { class: kind, dir: "auto" }, text);
const number = (value) => value.toLocaleString("en");
const byId = (id) => document.getElementById(id);

function later(handler, wait) {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => handler(...given), wait);
  };
}

// One tip for everything that has one: a drawing's `data-tip`, or a text that the map gives.
const tip = byId("tip");

function showTip(text, x, y) {
  tip.textContent = text;
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - box.width - 4))}px`;
  tip.style.top = `${y + 18 + box.height > innerHeight ? Math.max(4, y - box.height - 10) : y + 18}px`;
}

function hideTip() {
  tip.hidden = true;
}

document.addEventListener("pointermove", (event) => {
  const marked = event.target instanceof Element ? event.target.closest("[data-tip]") : null;
  if (marked) showTip(marked.getAttribute("data-tip"), event.clientX, event.clientY);
  else if (!(event.target instanceof Element && event.target.closest("#map-place"))) hideTip();
});
document.addEventListener("scroll", hideTip, { passive: true });
