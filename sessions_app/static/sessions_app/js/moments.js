/* Tells every moment on the page in the reader's own time and way of writing it. */

const format = new Intl.DateTimeFormat(document.documentElement.lang, {
  dateStyle: "medium",
  timeStyle: "short",
});

for (const element of document.querySelectorAll("time[data-moment]")) {
  element.textContent = format.format(new Date(element.dateTime));
}
