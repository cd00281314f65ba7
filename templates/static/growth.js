// The growth of a picture, stage by stage: picture, caption and the mark on the curve go together.
(() => {
  "use strict";

  const { find, findAll } = window.atlas;

  const growth = (portrait) => {
    const player = find(".player", portrait);
    if (!player) return;
    const picture = find(".large img", portrait), frames = findAll(".film li", portrait);
    const range = find("input", player), button = find(".play", player);
    const caption = find(".stage-shown", portrait), marks = findAll(".growth .stage", portrait);
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    const last = frames.length - 1, seen = findAll(".large .seen", portrait);
    let timer = 0;

    const show = (index) => {
      range.value = index;
      seen.forEach((part) => part.classList.toggle("later", index !== last)); // of the last alone
      picture.src = find("img", frames[index]).src;
      caption.textContent = frames[index].dataset.caption;
      range.setAttribute("aria-valuetext", caption.textContent);
      marks.forEach((mark, each) => mark.classList.toggle("now", each === index));
    };
    // All stages are fetched at the first sign of interest, so that none is waited for.
    const fetchAll = () => frames.forEach((frame) => { find("img", frame).loading = "eager"; });
    for (const sign of ["pointerenter", "focusin"]) player.addEventListener(sign, fetchAll, { once: true });

    const stop = () => {
      clearInterval(timer);
      timer = 0;
      button.textContent = "Play";
      button.setAttribute("aria-pressed", "false");
    };
    button.addEventListener("click", () => {
      // With reduced motion a press shows the next stage, and nothing moves by itself.
      if (calm.matches) return show(range.valueAsNumber === last ? 0 : range.valueAsNumber + 1);
      if (timer) return stop();
      if (range.valueAsNumber === last) show(0);
      button.textContent = "Pause";
      button.setAttribute("aria-pressed", "true");
      timer = setInterval(() => {
        show(range.valueAsNumber + 1);
        if (range.valueAsNumber === last) stop();
      }, 700);
    });
    range.addEventListener("input", () => {
      stop();
      show(range.valueAsNumber);
    });
    if (calm.matches) {
      button.textContent = "Next";
      button.removeAttribute("aria-pressed");
    }
  };

  findAll(".portrait").forEach(growth);
})();
