// Sentences that scripts say, in the language of the page; it brings those that are not English.

const sentences = JSON.parse(document.documentElement.dataset.sentences ?? "{}");

export function _(english, values = {}) {
  const text = sentences[english] ?? english;
  return text.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}
