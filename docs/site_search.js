// Asks the search of the built site: node docs/site_search.js SITE < questions.json
// Runs the worker that the site's own pages run, lunr and ranking included, behind the site's own search.js. Prints for each
// question the pages that it finds, in the order in which a reader sees them.
"use strict";
const fs = require("fs"), path = require("path"), vm = require("vm");

const site = process.argv[2], workers = path.join(site, "assets/javascripts/workers");
const code = fs.readFileSync(path.join(workers, fs.readdirSync(workers).find((name) => /^search\..*\.js$/.test(name))), "utf8");
const index = JSON.parse(fs.readFileSync(path.join(site, "search/search_index.json"), "utf8"));
const questions = JSON.parse(fs.readFileSync(0, "utf8"));

let hear, answer;
const world = {
  console, URL, setTimeout,
  addEventListener: (kind, listener) => { if (kind === "message") hear = listener; },
  postMessage: (message) => answer(message),
};
world.self = world;
vm.runInNewContext(code, world);

class Worker {
  postMessage(message) { hear({ data: message }); }
}
vm.runInNewContext(fs.readFileSync(path.join(site, "search.js"), "utf8"), { Worker });
const worker = new Worker();
const ask = (type, data) => new Promise((done) => { answer = done; worker.postMessage({ type, data }); });

(async () => {
  await ask(0, { config: index.config, docs: index.docs, options: { suggest: false } });
  const found = {};
  for (const question of questions) {
    const { data } = await ask(2, question);
    found[question] = data.items.map((page) => page[0].location.split("#")[0]);
  }
  process.stdout.write(JSON.stringify(found));
})();
