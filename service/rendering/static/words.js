// Sentences that scripts say, in the language of the page; it brings those that are not English.

const sentences = JSON.parse(document.documentElement.dataset.sentences ?? "{}");

export function _(english, values = {}) {
  const text = sentences[english] ?? english;
  return text.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}

// What was stored in English, or on a page in another language the sentence that says it in short.
export function stored(english, inShort) {
  return document.documentElement.lang === "en" ? english : inShort;
}
