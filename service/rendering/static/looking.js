// Looking closer: views that are drawn while one waits, a loupe, the strength of heat maps, frames.

import { _ } from "./words.js";

const MOST_TRIES = 30;
const LARGEST_ZOOM = 16;
const LOUPE_ZOOM = 4; // times a native pixel

function say(element, text) {
  if (element !== null && element.textContent !== text) element.textContent = text;
}

// --- a view that a worker may still draw ---------------------------------------------------------

// Loads an image again for as long as it is being drawn; ends in `loaded`, or in a sentence.
function patient(image, status, loaded) {
  let tries = 0;

  async function failed() {
    tries += 1;
    const headers = { Accept: "image/*", "Accept-Language": document.documentElement.lang };
    const answer = await fetch(image.src, { headers }).catch(() => null);
    if (answer !== null && answer.ok) {
      image.src = image.src;
    } else if (answer?.status === 503 && tries < MOST_TRIES) {
      say(status, _("A worker is drawing this. It can take a minute…"));
      const wait = Number(answer.headers.get("Retry-After") ?? 2);
      setTimeout(() => { image.src = image.src; }, 1000 * wait);
    } else {
      const problem = await answer?.json().catch(() => ({})) ?? {};
      say(status, problem.detail ? _("It cannot be shown: {reason}.", { reason: problem.detail }) : _("It cannot be shown now."));
      image.hidden = true;
    }
  }

  function done() {
    say(status, "");
    image.hidden = false;
    loaded(image);
  }

  image.addEventListener("error", failed);
  image.addEventListener("load", done);
  if (image.complete && image.getAttribute("src") !== null && image.currentSrc !== "") {
    if (image.naturalWidth > 0) done();
    else failed();
  }
}

// Fills in what a view shows in words, once it is there.
async function describe(part, image) {
  const words = part.querySelector("[data-words]");
  if (words === null || words.childElementCount > 0) return;
  const list = image.src.replace(/\/(views|differences)\/[^/]*$/, `/views?lang=${document.documentElement.lang}`);
  const answer = await fetch(list, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const view = (await answer.json()).items.find((item) => image.src.endsWith(item.link));
  for (const sentence of view?.sentences ?? []) {
    const line = document.createElement("p");
    line.textContent = sentence;
    words.append(line);
  }
  if (view !== undefined) image.alt = `${image.alt} ${view.sentences.join(" ")}`;
}

function enhanceView(part) {
  const image = part.querySelector("img");
  if (image === null) return;
  const status = part.querySelector("[data-status]");
  part.addEventListener("toggle", () => {
    if (part.open && !image.complete) say(status, _("Being drawn…"));
  });
  let viewed = false;
  patient(image, status, () => {
    describe(part, image);
    const viewer = part.querySelector("[data-viewer]");
    if (viewer !== null && !viewed) enhanceViewer(viewer, image);
    viewed = true;
  });
}

// --- zoom, pan and a loupe -----------------------------------------------------------------------

function enhanceViewer(viewer, image) {
  const stage = viewer.querySelector(".stage");
  const loupe = viewer.querySelector("canvas");
  const place = viewer.querySelector("[data-place]");
  const chosen = viewer.querySelector("[data-loupe]");
  const width = image.naturalWidth;
  const height = image.naturalHeight;
  const at = { x: width / 2, y: height / 2 };
  let scale = 1;
  let held = null;

  image.parentElement.hidden = true;
  stage.append(image);
  viewer.hidden = false;

  function zoomTo(wanted) {
    const across = (stage.scrollLeft + stage.clientWidth / 2) / Math.max(1, image.clientWidth);
    const down = (stage.scrollTop + stage.clientHeight / 2) / Math.max(1, image.clientHeight);
    const fit = Math.min(1, stage.clientWidth / width);
    scale = wanted === 0 ? fit : Math.min(LARGEST_ZOOM, Math.max(fit, wanted));
    image.style.width = `${Math.round(width * scale)}px`;
    image.classList.toggle("exact", scale >= 2);
    stage.scrollLeft = across * image.clientWidth - stage.clientWidth / 2;
    stage.scrollTop = down * image.clientHeight - stage.clientHeight / 2;
    say(place, _("{share} % of actual size", { share: Math.round(100 * scale) }));
  }

  function look() {
    if (!chosen.checked) return;
    const half = loupe.width / LOUPE_ZOOM / 2;
    const brush = loupe.getContext("2d");
    at.x = Math.min(width - 1, Math.max(0, at.x));
    at.y = Math.min(height - 1, Math.max(0, at.y));
    brush.imageSmoothingEnabled = false;
    brush.clearRect(0, 0, loupe.width, loupe.height);
    brush.drawImage(image, Math.floor(at.x) - half, Math.floor(at.y) - half, 2 * half, 2 * half, 0, 0, loupe.width, loupe.height);
    const [red, green, blue] = brush.getImageData(loupe.width / 2 + 1, loupe.height / 2 + 1, 1, 1).data;
    brush.strokeStyle = "#ff7b45";
    brush.strokeRect(loupe.width / 2, loupe.height / 2, LOUPE_ZOOM, LOUPE_ZOOM);
    say(place, _("Pixel {x}, {y}: red {red}, green {green}, blue {blue}", { x: Math.floor(at.x), y: Math.floor(at.y), red, green, blue }));
  }

  for (const button of viewer.querySelectorAll("button")) {
    button.addEventListener("click", () => {
      zoomTo("scale" in button.dataset ? Number(button.dataset.scale) : scale * Number(button.dataset.factor));
    });
  }
  chosen.addEventListener("change", () => {
    const fits = image.clientWidth <= stage.clientWidth;
    loupe.hidden = !chosen.checked;
    if (fits) zoomTo(0);
    if (chosen.checked) stage.focus();
    look();
  });
  stage.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.key === "+" || event.key === "-") zoomTo(scale * (event.key === "+" ? 2 : 0.5));
    const move = moves[event.key];
    if (move === undefined || !chosen.checked) return;
    event.preventDefault();
    const step = event.shiftKey ? 1 : Math.max(1, Math.round(width / 60));
    at.x += move[0] * step;
    at.y += move[1] * step;
    look();
  });
  stage.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "touch") return; // it scrolls by itself
    held = { x: event.clientX + stage.scrollLeft, y: event.clientY + stage.scrollTop };
    event.preventDefault();
    stage.focus();
  });
  window.addEventListener("pointerup", () => { held = null; });
  stage.addEventListener("pointermove", (event) => {
    if (held !== null) {
      stage.scrollLeft = held.x - event.clientX;
      stage.scrollTop = held.y - event.clientY;
    }
    const box = image.getBoundingClientRect();
    at.x = ((event.clientX - box.left) / box.width) * width;
    at.y = ((event.clientY - box.top) / box.height) * height;
    look();
  });
  zoomTo(0);
}

// --- the strength of a heat map, and a slider between two pictures -------------------------------

function enhanceStrength(part) {
  const figure = part.closest("figure");
  const input = part.querySelector("input");
  part.hidden = false;
  input.addEventListener("input", () => {
    figure.style.setProperty("--strength", String(input.value / 100));
  });
}

function enhanceSlider(part) {
  const slider = part.querySelector(".slider");
  const input = part.querySelector("input");
  part.hidden = false;
  input.addEventListener("input", () => slider.style.setProperty("--cut", `${input.value}%`));
}

// --- frames of a film ----------------------------------------------------------------------------

function enhanceFrames(part) {
  const steps = { ArrowLeft: "-1", ArrowRight: "1", PageUp: "-10", PageDown: "10" };
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input") !== null || !(event.key in steps)) return;
    const link = part.querySelector(`a[data-step="${steps[event.key]}"]`);
    if (link === null) return;
    event.preventDefault();
    link.click();
  });
}

document.querySelectorAll("[data-view]").forEach(enhanceView);
document.querySelectorAll("[data-strength]").forEach(enhanceStrength);
document.querySelectorAll("[data-slider]").forEach(enhanceSlider);
document.querySelectorAll("[data-frames]").forEach(enhanceFrames);
