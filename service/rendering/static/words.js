// Sentences that scripts say, in the language of the page; it brings those that are not English.

const sentences = JSON.parse(document.documentElement.dataset.sentences ?? "{}");

export function _(english, values = {}) {
  const text = sentences[english] ?? english;
  return text.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}

// A moment as pages write it, to the minute: "2026-11-28 17:42 UTC"; anything else as it is.
export function minute(text) {
  const moment = new Date(text);
  if (Number.isNaN(moment.getTime())) return text;
  const [day, time] = moment.toISOString().split("T");
  const between = { de: ".", es: "/" }[document.documentElement.lang];
  const written = between === undefined ? day : day.split("-").reverse().join(between);
  return `${written} ${time.slice(0, 5)} UTC`;
}

// What was stored in English, or on a page in another language the sentence that says it in short.
export function stored(english, inShort) {
  return document.documentElement.lang === "en" ? english : inShort;
}
