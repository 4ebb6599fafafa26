"use strict";
// The examples' filter, open claims on paper, a word at tables that go on beyond the window, Escape out of an enlarged figure.
// The page is whole without this.
(() => {
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((item) => { item.open = true; }));
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") document.querySelectorAll(".zoom:checked").forEach((box) => { box.checked = false; });
  });
  const tell = () => document.querySelectorAll(".scroll").forEach((box) => {
    const word = box.previousElementSibling?.matches(".more") ? box.previousElementSibling : document.createElement("p");
    word.className = "more";
    word.textContent = "Wider than the window: scroll sideways \u2192";
    word.hidden = box.scrollWidth <= box.clientWidth + 1;
    if (!word.isConnected) box.before(word);
  });
  document.querySelectorAll("details").forEach((item) => item.addEventListener("toggle", tell));
  addEventListener("resize", tell);
  tell();
  if (!document.getElementById("examples")) return;
  const control = (name) => document.getElementById(`filter-${name}`);
  const [set, objective, carrier, text] = ["set", "objective", "carrier", "text"].map(control);
  const cards = [...document.querySelectorAll(".card")];
  const apply = () => {
    const words = text.value.trim().toLowerCase();
    let shown = 0;
    for (const card of cards) {
      let answers = 0;
      for (const answer of card.querySelectorAll("li")) {
        // Target and retain models have no carrier: they stay as the comparison.
        const reference = answer.dataset.carrier === "";
        const fits = reference ||
          ((!objective.value || answer.dataset.objective === objective.value) &&
            (!carrier.value || answer.dataset.carrier === carrier.value));
        answer.hidden = !fits;
        answers += fits && !reference ? 1 : 0;
      }
      const fits = (!set.value || card.dataset.set === set.value) && answers > 0 &&
        (!words || card.textContent.toLowerCase().includes(words));
      card.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    control("count").textContent = `${shown} of ${cards.length} questions`;
  };
  for (const element of [set, objective, carrier, text]) element.addEventListener("input", apply);
  apply();
})();
