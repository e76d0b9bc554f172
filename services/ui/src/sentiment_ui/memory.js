// Keeps the visitor's history in this browser: handed to the page once, then written after every change.
// Also brings a new answer into view, which on a phone may lie below the screen's edge.
let shown = null;
export default function ({ data, setStateValue }) {
  const key = "vigie.history";
  if (data.shown !== shown) {
    shown = data.shown;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    requestAnimationFrame(() =>
      document.querySelector(".vg-result")?.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" }));
  }
  try {
    if (!data.read) {
      setStateValue("memory", localStorage.getItem(key) ?? "[]");
    } else if (data.entries.length > 0) {
      localStorage.setItem(key, JSON.stringify(data.entries));
    } else {
      localStorage.removeItem(key);
    }
  } catch (error) {
    // Storage is switched off or full: the history then lasts as long as the page does.
    console.info("vigie: history is not kept in this browser:", error.name);
    if (!data.read) setStateValue("memory", "[]");
  }
}
