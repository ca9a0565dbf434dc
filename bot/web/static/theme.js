/** Light or dark, decided before the first paint (so this is no module): the visitor's choice, else the system's. */

(() => {
  const KEY = "sangden.theme";
  const system = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;

  function chosen() {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  }

  function show(theme) {
    root.dataset.theme = theme ?? (system.matches ? "dark" : "light");
    const dark = root.dataset.theme === "dark";
    document.getElementById("theme")?.setAttribute("aria-checked", String(dark));
    document.querySelector("meta[name=theme-color]").content = dark ? "#14202e" : "#0b4a8f";
  }

  function toggle() {
    const theme = root.dataset.theme === "dark" ? "light" : "dark";
    show(theme);
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // Without storage the choice lasts for this page only.
    }
  }

  show(chosen());
  system.addEventListener("change", () => show(chosen()));
  document.addEventListener("DOMContentLoaded", () => {
    show(chosen());
    document.getElementById("theme").addEventListener("click", toggle);
  });
})();
