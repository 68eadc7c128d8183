// What JavaScript adds to every page that works without it: live stages, time lines, questions.

import { _ } from "./words.js";

const FINAL = new Set(["done", "failed", "expired", "cancelled"]);
const ROOT = document.documentElement.dataset.root ?? ""; // the path that the service lies under

// --- a running scan -----------------------------------------------------------------------------

function follow(section) {
  const status = section.querySelector("[data-status]");
  const bar = section.querySelector("progress");
  const stages = [...section.querySelectorAll("[data-stage]")];
  const source = new EventSource(`${ROOT}/v1/scans/${section.dataset.scan}/events`);

  function progress(event) {
    const scan = JSON.parse(event.data);
    const at = stages.findIndex((item) => item.dataset.stage === scan.progress.stage);
    stages.forEach((item, index) => {
      item.dataset.state = index < at ? "done" : index === at ? "current" : "ahead";
    });
    bar.value = scan.progress.done;
    const note = scan.progress.note === "" ? "" : ` (${scan.progress.note})`;
    const words = `${stages[at].textContent}${note}…`;
    if (status.textContent !== words) status.textContent = words;
    return scan;
  }

  source.addEventListener("progress", progress);
  source.addEventListener("end", (event) => {
    if (FINAL.has(progress(event).state)) {
      source.close();
      window.location.reload();
    }
  });
  function gone() {
    source.close();
    status.textContent = _("This scan was deleted.");
  }

  source.addEventListener("gone", gone);
  source.addEventListener("error", async () => {
    if (source.readyState !== EventSource.CLOSED) return; // it connects again by itself
    const answer = await fetch(`${ROOT}/v1/scans/${section.dataset.scan}`);
    if (answer.status === 404) gone();
  });
}

// --- a time line --------------------------------------------------------------------------------

const CLOSEST = 64; // times the width of the page

function enhanceTimeLine(figure) {
  const frame = figure.querySelector(".window");
  const track = figure.querySelector(".track");
  const player = figure.querySelector(".player");
  const tools = figure.querySelector("[data-zoom]");
  const seconds = Number(figure.dataset.timeLine);
  let zoom = 1;

  function zoomTo(wanted) {
    const middle = (frame.scrollLeft + frame.clientWidth / 2) / track.clientWidth;
    zoom = Math.min(CLOSEST, Math.max(1, wanted));
    track.style.width = `${100 * zoom}%`;
    frame.scrollLeft = middle * track.clientWidth - frame.clientWidth / 2;
  }

  function playFrom(time) {
    player.currentTime = time;
    player.play().catch(() => {}); // the browser may not know the format; its controls say so
    player.scrollIntoView({ block: "nearest" });
  }

  tools.hidden = false;
  for (const button of tools.querySelectorAll("button")) {
    button.addEventListener("click", () => zoomTo(zoom * Number(button.dataset.factor)));
  }
  if (player === null) return;
  player.addEventListener("timeupdate", () => {
    track.style.setProperty("--at", `${(100 * player.currentTime) / seconds}%`);
  });
  for (const row of figure.querySelectorAll(".row, .strip")) {
    row.addEventListener("click", (event) => {
      const box = row.getBoundingClientRect();
      playFrom(((event.clientX - box.left) / box.width) * seconds);
    });
  }
  for (const link of figure.querySelectorAll("[data-at]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      playFrom(Number(link.dataset.at));
    });
  }
}

// --- a question before deleting -----------------------------------------------------------------

function enhanceQuestion(link) {
  const dialog = document.getElementById(link.dataset.asks);
  if (dialog === null) return;
  link.addEventListener("click", (event) => {
    event.preventDefault();
    dialog.showModal();
  });
  dialog.querySelector("[data-keep]").addEventListener("click", (event) => {
    event.preventDefault();
    dialog.close();
  });
}

// --- everywhere ---------------------------------------------------------------------------------

document.querySelectorAll("[data-scan]").forEach(follow);
document.querySelectorAll("[data-time-line]").forEach(enhanceTimeLine);
document.querySelectorAll("[data-asks]").forEach(enhanceQuestion);
document.querySelectorAll("[data-print]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
});
