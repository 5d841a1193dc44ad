// Runs before anything is painted: a theme that was chosen is there from the start.
(() => {
  try {
    const theme = localStorage.getItem("flashu.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Without storage the system's theme stays.
  }
})();
