// The growth of a picture, stage by stage.
(() => {
  "use strict";

  const { find, findAll } = window.atlas;

  const growth = (portrait) => {
    const player = find(".player", portrait);
    if (!player) return;
    const picture = find(".large img", portrait), frames = findAll(".film li", portrait);
    const range = find("input", player), button = find(".play", player), output = find("output", player);
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    let timer = 0;
    const show = (index) => {
      range.value = index;
      picture.src = find("img", frames[index]).src;
      const size = find("span", frames[index]).textContent;
      output.textContent = size;
      range.setAttribute("aria-valuetext", size);
      frames.forEach((frame, each) => frame.classList.toggle("now", each === index));
    };
    const stop = () => {
      clearInterval(timer);
      timer = 0;
      button.textContent = "Play";
      button.setAttribute("aria-pressed", "false");
    };
    const last = frames.length - 1;
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
    frames.forEach((frame, index) => frame.addEventListener("click", () => {
      stop();
      show(index);
    }));
    if (calm.matches) {
      button.textContent = "Next";
      button.removeAttribute("aria-pressed");
    }
  };

  findAll(".portrait").forEach(growth);
})();
