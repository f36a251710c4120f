"use strict";
// Puts fresh children into an element. What is open stays open, and what has the focus keeps it.
const SWAP = (old, fresh) => {
  const open = [...old.querySelectorAll("details")].map((d) => d.open), at = document.activeElement;
  const same = old.contains(at) && (at.id ? `#${CSS.escape(at.id)}`
    : at.name ? `[name="${CSS.escape(at.name)}"][value="${CSS.escape(at.value)}"]`
    : at.href ? `a[href="${CSS.escape(at.getAttribute("href"))}"]` : "");
  old.replaceChildren(...fresh.childNodes);
  [...old.querySelectorAll("details")].forEach((d, i) => { d.open = open[i] || false; });
  if (same) old.querySelector(same)?.focus({ preventScroll: true });
  old.dispatchEvent(new Event("swapped", { bubbles: true }));
};
// Refreshes the page when the server reports a change: the head, texts and tables are replaced, charts
// are drawn again in place. If the page has other sections now, it is loaded again and keeps its position, its switches
// and the moments that its pictures show.
(() => {
  const STATE = `trainlab-state:${location.pathname}`, PAUSE = 2000;
  const badge = document.createElement("p");
  badge.id = "live";
  badge.setAttribute("role", "status");
  const home = document.createElement("a");
  home.href = "/";
  home.textContent = "All runs";
  function tell(text) {
    badge.replaceChildren(`${text} `, ...(location.pathname === "/" ? [] : [home]));
    (document.querySelector("header") || document.body).append(badge);
  }

  const details = () => [...document.querySelectorAll("details")];
  const pressed = () => [...document.querySelectorAll('[data-switch] button[aria-pressed="true"]')]
    .map((b) => [b.parentElement.dataset.switch, b.value]);

  function reload() {
    try {
      sessionStorage.setItem(STATE, JSON.stringify({
        y: scrollY, open: details().map((d) => d.open), pressed: pressed(),
        moments: [...(window.trainlab ? window.trainlab.moments : [])],
      }));
    } catch { /* without storage the page begins at its top */ }
    location.reload();
  }

  function restore() {
    let kept = null;
    try { kept = JSON.parse(sessionStorage.getItem(STATE)); sessionStorage.removeItem(STATE); } catch { /* as above */ }
    if (!kept) return;
    details().forEach((d, i) => { if (kept.open[i] !== undefined) d.open = kept.open[i]; });
    kept.pressed.forEach(([name, value]) => {
      const button = document.querySelector(`[data-switch="${CSS.escape(name)}"] button[value="${CSS.escape(value)}"]`);
      if (button && button.getAttribute("aria-pressed") !== "true") button.click();
    });
    const page = window.trainlab;
    kept.moments.forEach(([name, at]) => {
      if (!page || !(page.specs.frames || {})[name]) return;
      page.moments.set(name, at);
      page.show(name, page.moment(name, 0));
    });
    scrollTo(0, kept.y);
  }

  const bare = (section) => {
    const copy = section.cloneNode(true);
    copy.querySelectorAll("figure").forEach((f) => f.remove());
    return copy.textContent;
  };
  // A picture that has got a second moment has buttons now.
  const ids = (doc) => [...doc.querySelectorAll("main section[id], main figure[id], main [data-frames]")]
    .map((e) => e.id || e.dataset.frames).join();

  const own = "figure, button:not([name])";  // they have listeners of their own; a named button only sends its form

  async function apply(next) {
    const page = window.trainlab, text = next.getElementById("specs");
    const fresh = text && JSON.parse(text.textContent);
    if (!next.querySelector("main") || ids(next) !== ids(document) || (fresh && !page)) return reload();
    for (const section of document.querySelectorAll("main section[id]")) {
      const other = next.getElementById(section.id);
      if (bare(section) === bare(other)) continue;
      if (section.querySelector(own) || other.querySelector(own)) return reload();
      SWAP(section, other);
    }
    SWAP(document.querySelector("header"), next.querySelector("header"));
    document.title = next.title;
    if (!fresh) return;
    for (const figure of document.querySelectorAll("main figure[id]")) {
      const other = next.getElementById(figure.id), box = figure.querySelector(".chart");
      if (!box || box.matches(":hover")) continue;  // the user reads its numbers: next time
      const name = box.dataset.chart;
      const of = (s) => JSON.stringify([s.charts[name], (s.uses[name] || []).map((used) => s.data[used]), (s.frames || {})[name]]);
      const changed = of(page.specs) !== of(fresh);
      page.specs.charts[name] = fresh.charts[name];
      page.specs.uses[name] = fresh.uses[name];
      if ((fresh.frames || {})[name]) page.specs.frames[name] = fresh.frames[name];
      (fresh.uses[name] || []).forEach((used) => { page.specs.data[used] = fresh.data[used]; page.unpacked.delete(used); });
      for (const part of ["p", "details"]) {
        const old = figure.querySelector(`:scope > ${part}`), now = other.querySelector(`:scope > ${part}`);
        if (old && now) SWAP(old, now);
      }
      const label = other.querySelector(".chart");
      if (label) box.setAttribute("aria-label", label.getAttribute("aria-label") || "");
      if (changed && !page.waiting.has(box)) {
        box.style.minHeight = `${box.offsetHeight}px`;  // so that nothing jumps while it is drawn
        await page.draw(box);
        box.style.minHeight = "";
      }
    }
  }

  let due = false, busy = false, last = performance.now(), held = false;
  addEventListener("pointerdown", () => { held = true; });
  addEventListener("pointerup", () => { held = false; });
  addEventListener("pointercancel", () => { held = false; });
  async function refresh() {
    if (!due || busy) return;
    const wait = held || document.hidden ? 1000 : last + PAUSE - performance.now();
    if (wait > 0) { busy = true; setTimeout(() => { busy = false; refresh(); }, wait); return; }
    due = false;
    busy = true;
    try {
      const asked = location.search;
      const answer = await fetch(location.pathname + asked, { cache: "no-store" });
      if (asked !== location.search) {
        due = true;  // the user has chosen something else meanwhile
      } else if (answer.ok) {
        await apply(new DOMParser().parseFromString(await answer.text(), "text/html"));
        document.documentElement.dataset.refreshed = String(1 + Number(document.documentElement.dataset.refreshed || 0));
        tell(`Live. Refreshed at ${new Date().toLocaleTimeString()}.`);
      }
    } catch { tell("The server cannot be reached."); }
    last = performance.now();
    busy = false;
    refresh();
  }

  if (document.readyState === "complete") restore(); else addEventListener("load", restore);
  // A browser opens few connections to one server: a hidden page closes its own.
  let source = null;
  function listen() {
    source = new EventSource(`${LIVE.events}${LIVE.events.includes("?") ? "&" : "?"}since=${encodeURIComponent(LIVE.version)}`);
    source.addEventListener("open", () => tell("Live: this page refreshes itself."));
    source.addEventListener("error", () => tell("The server cannot be reached."));
    source.addEventListener("change", (event) => { LIVE.version = event.data; due = true; refresh(); });
  }
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { source.close(); } else { listen(); refresh(); }
  });
  listen();
})();
