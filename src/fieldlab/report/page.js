"use strict";

// Tables: a click on a heading sorts by the number a cell begins with, or by its text; cells without one go last.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  const number = (text) => parseFloat(text.replaceAll(",", ""));
  const compare = (a, b, sign) => {
    const [x, y] = [number(a), number(b)];
    if (!Number.isNaN(x) && !Number.isNaN(y)) return sign * (x - y);
    if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
    return sign * a.localeCompare(b);
  };
  heads.forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      const numeric = [...table.tBodies[0].rows].some((row) => !Number.isNaN(number(row.cells[column].textContent)));
      const before = head.getAttribute("aria-sort");
      const down = before ? before === "ascending" : numeric;  // the best score first
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...table.tBodies[0].rows];
      rows.sort((a, b) => compare(a.cells[column].textContent, b.cells[column].textContent, down ? -1 : 1));
      table.tBodies[0].append(...rows);
    });
  });
}

document.getElementById("filter")?.addEventListener("input", (event) => {
  const words = event.target.value.toLowerCase().split(/[\s,]+/).filter(Boolean);
  for (const row of document.querySelector("#table tbody").rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
  }
});

// Galleries: the pictures of a signal share one zoom; x and y are the part of the picture at the view's upper left.
for (const pictures of document.querySelectorAll(".pictures")) {
  const views = [...pictures.querySelectorAll(".view")];
  if (!views.length) continue;
  const state = { scale: 1, x: 0, y: 0 };
  const first = views[0].querySelector("img");
  first.decode().then(() => {
    pictures.style.setProperty("--ratio", `${first.naturalWidth} / ${first.naturalHeight}`);
  });
  const show = () => {
    state.scale = Math.min(64, Math.max(1, state.scale));
    const room = 1 - 1 / state.scale;
    state.x = Math.min(room, Math.max(0, state.x));
    state.y = Math.min(room, Math.max(0, state.y));
    const move = `scale(${state.scale}) translate(${-100 * state.x}%, ${-100 * state.y}%)`;
    for (const view of views) view.querySelector("img").style.transform = move;
  };
  const zoom = (factor, u = 0.5, v = 0.5) => {
    const scale = Math.min(64, Math.max(1, state.scale * factor));
    state.x += u / state.scale - u / scale;
    state.y += v / state.scale - v / scale;
    state.scale = scale;
    show();
  };
  const pan = (dx, dy) => { state.x -= dx / state.scale; state.y -= dy / state.scale; show(); };
  const place = (view, event) => {
    const box = view.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  for (const button of pictures.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => {
      if (button.dataset.zoom === "0") state.scale = 1;
      zoom(button.dataset.zoom === "0" ? 1 : Number(button.dataset.zoom));
    });
  }
  for (const view of views) {
    view.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoom(Math.exp(-event.deltaY / 240), ...place(view, event));
    }, { passive: false });
    view.addEventListener("dblclick", (event) => zoom(2, ...place(view, event)));
    view.addEventListener("pointerdown", (event) => {
      if (state.scale === 1) return;
      view.setPointerCapture(event.pointerId);
      view.classList.add("moving");
    });
    view.addEventListener("pointermove", (event) => {
      if (!view.classList.contains("moving")) return;
      pan(event.movementX / view.clientWidth, event.movementY / view.clientHeight);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      view.addEventListener(end, () => view.classList.remove("moving"));
    }
    view.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: [0.1, 0], ArrowRight: [-0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] };
      if (event.key === "+" || event.key === "=") zoom(2);
      else if (event.key === "-") zoom(0.5);
      else if (event.key === "0") { state.scale = 1; show(); }
      else if (event.key in steps && state.scale > 1) pan(...steps[event.key]);
      else return;
      event.preventDefault();
    });
  }
}
