// Counts a text field's characters while they are typed; the server counts again when the form is sent.
export default function ({ data, parentElement }) {
  const field = document.querySelector(`.st-key-${data.field} textarea`);
  const shown = parentElement.querySelector("output");
  if (!field) return undefined;
  const number = new Intl.NumberFormat("en");
  const show = () => {
    // Code points, as Python counts them.
    const length = [...field.value].length;
    const excess = data.limit === null ? 0 : length - data.limit;
    shown.textContent =
      excess > 0 ? data.excess.replace("{excess}", number.format(excess))
      : data.limit === null ? number.format(length)
      : `${number.format(length)} / ${number.format(data.limit)}`;
    shown.classList.toggle("over", excess > 0);
  };
  // A text that the page itself puts in (an example) comes without an input event, a moment after this.
  const settled = setTimeout(show, 100);
  show();
  field.addEventListener("input", show);
  return () => {
    clearTimeout(settled);
    field.removeEventListener("input", show);
  };
}
