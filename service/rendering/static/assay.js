// What JavaScript adds to pages that work without it: dropping, upload progress, live stages.
"use strict";

const FINAL = new Set(["done", "failed", "expired"]);

function show(element, text) {
  element.textContent = text;
  element.hidden = text === "";
}

function percent(share) {
  return `${Math.round(100 * share)} %`;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {}; // a proxy in between answers in its own way
  }
}

function explained(problem, status) {
  if (problem.title === undefined) return `The upload was refused (${status}).`;
  return problem.detail === problem.title ? `${problem.title}.` : `${problem.title}: ${problem.detail}.`;
}

// --- the front page -----------------------------------------------------------------------------

function enhanceUpload(form) {
  const drop = form.querySelector(".drop");
  const input = form.querySelector("input[type=file]");
  const address = form.querySelector("input[type=url]");
  const title = drop.querySelector("strong");
  const invitation = title.textContent;

  function take(files) {
    if (files.length === 0) return;
    const first = new DataTransfer(); // a form sends one file, however many were dropped
    first.items.add(files[0]);
    input.files = first.files;
    chosen();
  }

  function chosen() {
    const file = input.files[0];
    title.textContent = file ? file.name : invitation;
    if (file) address.value = "";
  }

  input.addEventListener("change", chosen);
  address.addEventListener("input", () => {
    if (address.value !== "" && input.value !== "") {
      input.value = "";
      chosen();
    }
  });
  for (const type of ["dragenter", "dragover"]) {
    document.addEventListener(type, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  for (const type of ["dragleave", "drop"]) {
    document.addEventListener(type, (event) => {
      event.preventDefault();
      drop.classList.remove("over");
    });
  }
  document.addEventListener("drop", (event) => take(event.dataTransfer.files));
  document.addEventListener("paste", (event) => take(event.clipboardData.files));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
}

function send(form) {
  const status = form.querySelector("[data-status]");
  const words = status.querySelector("p");
  const bar = status.querySelector("progress");
  const error = form.querySelector("[data-error]");
  const button = form.querySelector("button");
  const request = new XMLHttpRequest();

  function ended(message) {
    status.hidden = message !== "";
    show(error, message);
    button.disabled = message === "";
  }

  request.upload.addEventListener("progress", (event) => {
    bar.value = event.loaded / event.total;
    words.textContent = event.loaded < event.total
      ? `Uploading: ${percent(bar.value)}`
      : "Checking what arrived…";
  });
  request.addEventListener("load", () => {
    const answer = parsed(request.responseText);
    if (request.status !== 202) {
      ended(explained(answer, request.status));
      return;
    }
    ended("");
    window.location.assign(answer.links.page);
  });
  request.addEventListener("error", () => {
    ended("The connection broke before the upload was complete. The file may be too large.");
  });

  show(error, "");
  words.textContent = "Uploading…";
  bar.value = 0;
  status.hidden = false;
  button.disabled = true;
  request.open("POST", "/v1/scans");
  request.setRequestHeader("Accept", "application/json");
  request.send(new FormData(form));
}

// --- a running scan -----------------------------------------------------------------------------

function follow(section) {
  const status = section.querySelector("[data-status]");
  const bar = section.querySelector("progress");
  const stages = [...section.querySelectorAll("[data-stage]")];
  const source = new EventSource(`/v1/scans/${section.dataset.scan}/events`);

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
    status.textContent = "This scan was deleted.";
  }

  source.addEventListener("gone", gone);
  source.addEventListener("error", async () => {
    if (source.readyState !== EventSource.CLOSED) return; // it connects again by itself
    const answer = await fetch(`/v1/scans/${section.dataset.scan}`);
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

// --- everywhere ---------------------------------------------------------------------------------

document.querySelectorAll("form[data-upload]").forEach(enhanceUpload);
document.querySelectorAll("[data-scan]").forEach(follow);
document.querySelectorAll("[data-time-line]").forEach(enhanceTimeLine);
document.querySelectorAll("[data-print]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
});
