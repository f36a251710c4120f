"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const root = document.documentElement, specs = read("specs"), themes = read("themes");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const views = new Map();  // what is drawn, by the name of its picture
  const scales = new Map();  // pictures whose axis was switched
  const moments = new Map();  // which moment a picture shows that has several: {at, label, newest}
  let chosen = "";
  try { chosen = localStorage.getItem("trainlab-theme") || ""; } catch { /* a page without storage keeps no choice */ }

  const theme = () => chosen || (dark.matches ? "dark" : "light");

  // Rows are stored by column, which is a third as long; Vega wants objects.
  const unpacked = new Map();
  function rows(name) {
    if (!unpacked.has(name)) {
      const { names, columns } = specs.data[name], made = [];
      for (let i = 0; i < (columns[0] || []).length; i++) {
        const row = {};
        names.forEach((n, k) => { if (columns[k][i] !== null) row[n] = columns[k][i]; });
        made.push(row);
      }
      unpacked.set(name, made);
    }
    return unpacked.get(name).map((row) => ({ ...row }));
  }

  // A picture of several moments has buttons and a slider of the page; its chart has the parameter `frame`.
  const frames = (name) => (specs.frames || {})[name];
  const player = (name) => document.querySelector(`[data-frames="${CSS.escape(name)}"]`);
  const epoch = (label) => Number((/[\d.]+$/.exec(label) || [0])[0]);
  function keep(name, at) { moments.set(name, { at, label: frames(name)[at], newest: at === frames(name).length - 1 }); }
  function moment(name, first) {
    const labels = frames(name), kept = moments.get(name);
    // Someone who looks at the newest moment goes on to the next one that arrives. Another moment stays, or the nearest
    // one does: of many moments a page shows some only, and of more moments others.
    const away = (i) => Math.abs(epoch(labels[i]) - epoch(kept.label));
    keep(name, !kept ? first : kept.newest ? labels.length - 1
      : labels.reduce((best, _, i) => (away(i) < away(best) ? i : best), 0));
    return moments.get(name).at;
  }
  function show(name, at) {
    const count = frames(name).length, box = player(name), result = views.get(name);
    keep(name, at);
    const slider = box.querySelector("input");
    slider.max = String(count - 1);
    slider.value = String(at);
    slider.setAttribute("aria-valuetext", frames(name)[at]);
    box.querySelector("output").textContent = `${frames(name)[at]} (${at + 1} of ${count})`;
    if (result) result.view.signal("frame", at).runAsync();
  }
  document.querySelectorAll("[data-frames]").forEach((box) => {
    const name = box.dataset.frames, button = box.querySelector("button");
    let timer = 0;
    const stop = () => { clearInterval(timer); timer = 0; button.textContent = "Play"; };
    box.querySelector("input").addEventListener("input", (event) => { stop(); show(name, Number(event.target.value)); });
    button.addEventListener("click", () => {
      if (timer) return stop();
      const last = frames(name).length - 1, from = (moments.get(name) || { at: 0 }).at;
      show(name, from >= last ? 0 : from + 1);
      button.textContent = "Stop";
      timer = setInterval(() => {
        const at = moments.get(name).at + 1;
        if (at < frames(name).length) show(name, at);
        if (at >= frames(name).length - 1) stop();
      }, 600);
    });
  });

  // Panels side by side stand below each other where there is no room: on a phone they would be too small to read.
  const panels = new Map();  // how many stand side by side, by the name of their picture
  function across(name, room) {
    const spec = specs.charts[name], panel = spec.spec || (spec.concat || [])[0];
    if (!spec.columns || !panel || !panel.width) return 0;
    return Math.max(1, Math.min(spec.columns, Math.floor(room / (panel.width + 30))));
  }
  let waits = 0;
  addEventListener("resize", () => {
    clearTimeout(waits);
    waits = setTimeout(() => boxes.forEach((box) => {
      const { chart } = box.dataset;
      if (!waiting.has(box) && panels.has(chart) && across(chart, box.clientWidth) !== panels.get(chart)) draw(box);
    }), 200);
  });

  function prepared(name, room) {
    const spec = structuredClone(specs.charts[name]);
    const columns = across(name, room);
    if (columns) panels.set(name, spec.columns = columns);
    (spec.params || []).forEach((param) => {
      if (param.name !== "frame" || !frames(name)) return;
      delete param.bind;
      param.value = moment(name, param.value);
    });
    spec.datasets = {};
    (specs.uses[name] || []).forEach((used) => { spec.datasets[used] = rows(used); });
    const wanted = scales.get(name);
    if (wanted) (spec.layer || [spec]).forEach((layer) => {
      const y = (layer.encoding || {}).y;
      if (!y || !y.scale || !["log", "linear"].includes(y.scale.type)) return;
      y.scale = { ...y.scale, type: wanted, zero: wanted === "linear" && y.scale.type === "log" ? undefined : y.scale.zero };
      if (y.axis) delete y.axis.values;
    });
    return spec;
  }

  async function draw(box) {
    const name = box.dataset.chart, told = box.getAttribute("aria-label");
    box.dataset.state = "drawing";
    const old = views.get(name), controls = box.parentElement.querySelector(".controls:not(.frames)");
    if (controls) controls.replaceChildren();
    // `ast` computes expressions without eval, so that the page's policy can forbid it.
    const result = await vegaEmbed(box, prepared(name, box.clientWidth), {
      mode: "vega-lite", renderer: "svg", actions: false, ast: true, config: themes[theme()],
      tooltip: { theme: theme() }, ...(controls ? { bind: controls } : {}),
    });
    if (old) old.finalize();
    views.set(name, result);
    if (frames(name)) show(name, moments.get(name).at);
    box.setAttribute("role", "img");  // Vega has put its own role and no words there
    box.setAttribute("aria-label", told);
    box.dataset.state = "drawn";
    root.dataset.drawn = String(document.querySelectorAll('.chart[data-state="drawn"]').length);
  }

  const boxes = [...document.querySelectorAll(".chart[data-chart]")];
  const waiting = new Set(boxes);
  const start = (box) => waiting.delete(box) && draw(box);
  const seen = new IntersectionObserver((entries) => entries.forEach((e) => {
    if (e.isIntersecting) { seen.unobserve(e.target); start(e.target); }
  }), { rootMargin: "200px" });
  boxes.forEach((box) => seen.observe(box));
  // What is not in sight is drawn one by one whenever the page has nothing else to do.
  const idle = window.requestIdleCallback || ((f) => setTimeout(f, 60));
  const rest = () => { const box = waiting.values().next().value; if (box) { start(box); idle(rest, { timeout: 400 }); } };
  addEventListener("load", () => idle(rest, { timeout: 800 }));
  addEventListener("beforeprint", () => [...waiting].forEach(start));

  async function redraw() {
    root.dataset.theme = theme();
    for (const box of boxes) if (!waiting.has(box)) await draw(box);
  }
  const toggle = document.getElementById("theme");
  const label = () => { toggle.textContent = theme() === "dark" ? "Light" : "Dark"; };
  toggle.addEventListener("click", () => {
    chosen = theme() === "dark" ? "light" : "dark";
    try { localStorage.setItem("trainlab-theme", chosen); } catch { /* as above */ }
    label();
    redraw();
  });
  dark.addEventListener("change", () => { label(); redraw(); });
  root.dataset.theme = theme();
  label();

  document.querySelectorAll("[data-switch]").forEach((group) => group.querySelectorAll("button").forEach((button) => {
    button.addEventListener("click", () => {
      group.querySelectorAll("button").forEach((b) => b.setAttribute("aria-pressed", String(b === button)));
      scales.set(group.dataset.switch, button.value);
      const box = document.querySelector(`[data-chart="${CSS.escape(group.dataset.switch)}"]`);
      waiting.delete(box);
      draw(box);
    });
  }));

  function copy(text) {
    if (navigator.clipboard && isSecureContext) return navigator.clipboard.writeText(text);
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    return Promise.resolve();
  }
  document.querySelectorAll(".command button").forEach((button) => button.addEventListener("click", async () => {
    const text = button.parentElement.querySelector("code").textContent;
    try { await copy(text); button.textContent = "Copied"; } catch { button.textContent = "Press Ctrl+C"; }
    setTimeout(() => { button.textContent = "Copy"; }, 1600);
  }));

  // Tables whose heads have buttons are sorted by them.
  document.querySelectorAll("table[data-sortable] th button").forEach((button) => button.addEventListener("click", () => {
    const head = button.closest("th"), body = head.closest("table").tBodies[0];
    const place = [...head.parentElement.children].indexOf(head);
    const up = head.getAttribute("aria-sort") !== "ascending";
    [...head.parentElement.children].forEach((th) => th.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const key = (row) => { const cell = row.cells[place]; return cell.dataset.value ?? cell.textContent; };
    const order = (a, b) => {
      const [p, q] = [key(a), key(b)], [x, y] = [parseFloat(p), parseFloat(q)];
      if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
      return (Number.isNaN(x) ? p.localeCompare(q) : x - y) * (up ? 1 : -1);
    };
    body.append(...[...body.rows].sort(order));
  }));

  window.trainlab = { specs, unpacked, waiting, draw, moments, moment, show };  // for a page that is refreshed during its run
})();
