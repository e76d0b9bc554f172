// Counts a text field's characters while they are typed; the server counts again when the form is sent.
export default function ({ data, parentElement }) {
  const field = `.st-key-${data.field} textarea`;
  const shown = parentElement.querySelector("output");
  const number = new Intl.NumberFormat("en");
  const show = () => {
    // Looked up each time: this may run before the field is drawn, and the field may be drawn anew.
    const text = document.querySelector(field)?.value;
    if (text === undefined) return false;
    // Code points, as Python counts them.
    const length = [...text].length;
    const excess = data.limit === null ? 0 : length - data.limit;
    shown.textContent =
      excess > 0 ? data.excess.replace("{excess}", number.format(excess))
      : data.limit === null ? number.format(length)
      : `${number.format(length)} / ${number.format(data.limit)}`;
    shown.classList.toggle("over", excess > 0);
    return true;
  };
  const typed = (event) => event.target.matches?.(field) && show();
  show();
  // A text that the page itself puts in (an example) comes without an input event, a moment after this.
  const settling = setInterval(() => show() && clearInterval(settling), 100);
  document.addEventListener("input", typed);
  return () => {
    clearInterval(settling);
    document.removeEventListener("input", typed);
  };
}
