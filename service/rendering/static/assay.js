// What JavaScript adds to pages that work without it: dropping, upload progress, live stages.
"use strict";

const FINAL = new Set(["done", "failed", "expired", "cancelled"]);
const ROOT = document.documentElement.dataset.root ?? ""; // the path that the service lies under
const CSRF = document.documentElement.dataset.csrf ?? ""; // of the session, if somebody is signed in

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

const AT_ONCE = 2; // uploads
const MOST = 100; // files dropped together

function enhanceUpload(form) {
  const drop = form.querySelector(".drop");
  const input = form.querySelector("input[name=file]");
  const fragments = form.querySelector("input[name=fragment]");
  const address = form.querySelector("input[type=url]");
  const title = drop.querySelector("strong");
  const invitation = title.textContent;

  function take(files) {
    if (files.length === 0) return;
    const taken = new DataTransfer();
    for (const file of files) taken.items.add(file);
    input.files = taken.files;
    chosen();
  }

  function chosen() {
    const files = [...input.files];
    title.textContent = files.length > 1 ? `${files.length} files` : files[0]?.name ?? invitation;
    if (files.length > 0) address.value = "";
  }

  input.multiple = true; // without this script a form sends one file
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
    const files = [...input.files];
    const refusal = refused(files, fragments);
    if (refusal !== "") show(form.querySelector("[data-error]"), refusal);
    else if (files.length > 1) sendAll(form, files);
    else sendOne(form, fragments);
  });
}

// Why what was chosen cannot be sent together, in words; empty if it can.
function refused(files, fragments) {
  const most = Number(fragments.dataset.most);
  if (files.length > MOST) {
    return `None of the ${files.length} files was sent: at most ${MOST} are taken together. For whole folders there is assay audit.`;
  }
  if (fragments.files.length === 0) return "";
  if (files.length !== 1) return "Media segments belong to one file: choose their initialisation segment, and nothing else.";
  return fragments.files.length > most ? `At most ${most} media segments are taken.` : "";
}

// Sends one form and says how far it is. `ended` is given the scan, or null and a sentence.
function upload(data, progress, ended) {
  const request = new XMLHttpRequest();
  request.upload.addEventListener("progress", (event) => progress(event.loaded / event.total));
  request.addEventListener("load", () => {
    const answer = parsed(request.responseText);
    if (request.status === 202) ended(answer, "");
    else ended(null, explained(answer, request.status));
  });
  request.addEventListener("error", () => {
    ended(null, "The connection broke before the upload was complete. The file may be too large, or a folder.");
  });
  request.open("POST", `${ROOT}/v1/scans`);
  request.setRequestHeader("Accept", "application/json");
  if (CSRF !== "") request.setRequestHeader("X-CSRF-Token", CSRF);
  request.send(data);
}

function uploadWords(share) {
  return share < 1 ? `Uploading: ${percent(share)}` : "Checking what arrived…";
}

function inOrder(files) {
  const byName = new Intl.Collator("en", { numeric: true });
  return [...files].sort((one, other) => byName.compare(one.name, other.name));
}

function sendOne(form, fragments) {
  const status = form.querySelector("[data-status]");
  const words = status.querySelector("p");
  const bar = status.querySelector("progress");
  const error = form.querySelector("[data-error]");
  const button = form.querySelector("button");
  const data = new FormData(form);

  data.delete("fragment");
  for (const part of inOrder(fragments.files)) data.append("fragment", part);
  show(error, "");
  words.textContent = "Uploading…";
  bar.value = 0;
  status.hidden = false;
  button.disabled = true;
  upload(
    data,
    (share) => {
      bar.value = share;
      words.textContent = uploadWords(share);
    },
    (scan, sentence) => {
      status.hidden = scan === null;
      show(error, sentence);
      button.disabled = scan !== null;
      if (scan !== null) window.location.assign(scan.links.page);
    },
  );
}

// Several files: each a scan of its own, with a line that ends in a link or a sentence.
function sendAll(form, files) {
  const list = form.querySelector("[data-sending]");
  const button = form.querySelector("button");
  const profile = form.elements.profile.value;
  const waiting = files.map((file) => ({ file, line: lineFor(list, file.name) }));
  let open = 0;

  function next() {
    if (waiting.length === 0) {
      button.disabled = open > 0;
      return;
    }
    const { file, line } = waiting.shift();
    const data = new FormData();
    data.append("file", file);
    data.append("profile", profile);
    open += 1;
    upload(data, (share) => line.progress(share), (scan, sentence) => {
      open -= 1;
      line.ended(scan, sentence);
      next();
    });
  }

  show(form.querySelector("[data-error]"), "");
  button.disabled = true;
  list.hidden = false;
  for (let count = 0; count < AT_ONCE; count += 1) next();
}

function lineFor(list, name) {
  const item = document.createElement("li");
  const file = document.createElement("bdi");
  const words = document.createElement("span");
  const bar = document.createElement("progress");
  file.textContent = name;
  words.textContent = "Waiting";
  words.setAttribute("role", "status");
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", `Upload of ${name}`);
  item.append(file, " ", words, bar);
  list.append(item);
  return {
    progress(share) {
      bar.value = share;
      words.textContent = uploadWords(share);
    },
    ended(scan, sentence) {
      bar.remove();
      item.dataset.state = scan === null ? "refused" : "taken";
      words.textContent = sentence;
      if (scan === null) return;
      const link = document.createElement("a");
      link.href = scan.links.page;
      link.textContent = "Accepted: watch this scan";
      words.append(link);
    },
  };
}

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
    status.textContent = "This scan was deleted.";
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

document.querySelectorAll("form[data-upload]").forEach(enhanceUpload);
document.querySelectorAll("[data-scan]").forEach(follow);
document.querySelectorAll("[data-time-line]").forEach(enhanceTimeLine);
document.querySelectorAll("[data-asks]").forEach(enhanceQuestion);
document.querySelectorAll("[data-print]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
});
