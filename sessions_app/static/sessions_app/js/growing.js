// Fields that are as high as what is written in them, also in browsers whose styles cannot say so (field-sizing).

// Returns what to call after the field was written to by nobody's hand.
export function growing(field) {
  if (CSS.supports("field-sizing", "content")) return () => {};
  const fit = () => {
    field.style.height = ""; // as high as its rows
    if (field.scrollHeight > field.clientHeight) field.style.height = `${field.scrollHeight + field.offsetHeight - field.clientHeight}px`;
  };
  field.addEventListener("input", fit);
  return fit;
}
