// The words of one recording's page, in the language of the page: it has those of no other (see recording_en.js).

let words = {};

export function use(table) {
  words = table;
}

export function say(key, values = {}) {
  return words[key].replace(/\{(\w+)\}/g, (hole, name) => values[name] ?? hole);
}
