// Light or dark: as the system has it, until somebody chooses. A page from a file may have no storage.

const THEMES = ["auto", "light", "dark"];

function storedTheme() {
  try {
    return localStorage.getItem("satsuma-theme") ?? "auto";
  } catch {
    return "auto";
  }
}

function applyTheme(name) {
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  const button = byId("theme");
  button.textContent = { auto: "Theme: auto", light: "Theme: light", dark: "Theme: dark" }[name];
  button.dataset.now = name;
}

function startTheme() {
  const button = byId("theme");
  const known = storedTheme();
  applyTheme(THEMES.includes(known) ? known : "auto");
  button.hidden = false;
  button.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(button.dataset.now) + 1) % THEMES.length];
    applyTheme(next);
    try {
      localStorage.setItem("satsuma-theme", next);
    } catch {
      // Chosen for this visit alone.
    }
  });
}
