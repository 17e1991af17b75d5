// Light or dark, before anything is painted: that is why this file is no module. Without a choice the system's holds.

(() => {
  const KEPT = "genscope.theme";
  const root = document.documentElement;

  const kept = () => {
    try {
      return localStorage.getItem(KEPT);
    } catch {
      return null; // a browser that keeps nothing
    }
  };

  const apply = (choice) => {
    if (choice === "light" || choice === "dark") root.dataset.theme = choice;
    else delete root.dataset.theme;
  };

  apply(kept());
  globalThis.genscopeTheme = {
    get: () => root.dataset.theme ?? "system",
    set: (choice) => {
      apply(choice);
      try {
        localStorage.setItem(KEPT, choice);
      } catch {
        // it holds until the page is left
      }
    },
  };
})();
