// The front page without waiting for a button: filters while one types, and keeps the choice in the address.
(() => {
  const form = document.querySelector("form.chooser"), compare = document.getElementById("compare");
  const sorted = () => form.querySelector('input[name="sort"]');
  const boxes = () => [...form.querySelectorAll('input[name="run"]')];

  // The address of what the form asks for; `sort` is that of a button.
  function address(sort = sorted().value) {
    const asked = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (name !== "sort" && value) asked.append(name, value);
    if (sort !== "-started") asked.append("sort", sort);
    const text = asked.toString();
    return text ? `/?${text}` : "/";
  }

  function count() {
    const chosen = boxes().filter((b) => b.checked).length;
    compare.textContent = chosen ? `Compare ${chosen} selected` : "Compare selected";
    compare.disabled = !chosen;
  }

  let turn = 0;
  async function show(to) {
    const mine = ++turn;
    history.replaceState(null, "", to);
    try {
      const answer = await fetch(to, { cache: "no-store" });
      if (!answer.ok || mine !== turn) return;
      const next = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (mine !== turn) return;
      for (const id of ["tunes", "sweeps", "runs"]) SWAP(document.getElementById(id), next.getElementById(id));
      sorted().value = next.querySelector('input[name="sort"]').value;
    } catch { location.assign(to); }
  }

  let timer = 0;
  form.elements.filter.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => show(address()), 150);
  });
  form.addEventListener("change", (event) => {
    if (event.target.name === "trials") show(address());
    if (event.target.name === "run") { history.replaceState(null, "", address()); count(); }
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    const by = event.submitter;
    if (by !== compare) return show(address(by && by.name === "sort" ? by.value : undefined));
    const asked = new URLSearchParams();
    boxes().forEach((b) => { if (b.checked) asked.append("run", b.value); });
    location.assign(`/compare?${asked}`);
  });
  form.addEventListener("swapped", count);
  addEventListener("pageshow", count);  // back from a comparison, with the boxes as they were
  count();
})();
