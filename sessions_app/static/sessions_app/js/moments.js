/* Tells every moment on the page in the reader's own time and way of writing it. */

const format = new Intl.DateTimeFormat(document.documentElement.lang, {
  dateStyle: "medium",
  timeStyle: "short",
});

export function tellMoments(place) {
  for (const element of place.querySelectorAll("time[data-moment]")) {
    element.textContent = format.format(new Date(element.dateTime));
  }
}

tellMoments(document);
