// The search of the site looks for words that begin like those of a question. A small word would find nearly all of them
// ("a": architecture, activation, ...), so small words are left out before the question reaches the search.
const SMALL = new Set("a an and are as at be by do for from has have how i in is it its my of on or so the this to what which with".split(" "));
const send = Worker.prototype.postMessage;
Worker.prototype.postMessage = function (message, ...more) {
  if (!message || message.type !== 2 || typeof message.data !== "string") return send.call(this, message, ...more);
  const words = message.data.split(/\s+/), kept = words.filter((word) => !SMALL.has(word.toLowerCase().replace(/[?!.*]+$/, "")));
  return send.call(this, { ...message, data: (kept.length ? kept : words).join(" ") }, ...more);
};
