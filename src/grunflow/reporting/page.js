"use strict";
// The examples' filter, and open claims on paper. The page is whole without this.
(() => {
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((item) => { item.open = true; }));
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
