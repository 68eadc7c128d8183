// The front page: files and folders dropped, pictures pasted, addresses; each with its own progress.

import { _, stored } from "./words.js";
import { Refused, sendAddress, sendFile, unfinished } from "./sending.js";

const root = document.documentElement.dataset.root ?? "";
const form = document.querySelector("form[data-upload]");
const AT_ONCE = 2; // uploads
const FOLLOWED = 3; // scans whose stages are shown live; a browser has few connections
const MOST = 100; // files and addresses sent together

function show(element, text) {
  element.textContent = text;
  element.hidden = text === "";
}

function uploadWords(share) {
  return share < 1 ? _("Uploading: {share} %", { share: Math.round(100 * share) }) : _("Checking what arrived…");
}

function inOrder(files) {
  const byName = new Intl.Collator("en", { numeric: true });
  return [...files].sort((one, other) => byName.compare(one.name, other.name));
}

// --- what is dropped ----------------------------------------------------------------------------

function entriesIn(folder) {
  const reader = folder.createReader();
  return new Promise((resolve, reject) => {
    const found = [];
    const more = () => reader.readEntries((part) => {
      if (part.length === 0) resolve(found);
      else {
        found.push(...part);
        more(); // a browser hands out a hundred at a time
      }
    }, reject);
    more();
  });
}

async function filesBelow(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const below = await Promise.all((await entriesIn(entry)).map(filesBelow));
  return below.flat().filter((file) => !file.name.startsWith(".")); // what systems leave in folders
}

// Entries have to be asked for before the event is over.
async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  return (await Promise.all(entries.map(filesBelow))).flat();
}

// --- one line for each file ---------------------------------------------------------------------

const followers = [];
let following = 0;

function followNext() {
  while (following < FOLLOWED && followers.length > 0) {
    following += 1;
    followers.shift()(() => {
      following -= 1;
      followNext();
    });
  }
}

async function waitingWords(id) {
  const answer = await fetch(`${root}/v1/scans/${id}/place`);
  const { ahead } = answer.ok ? await answer.json() : {};
  if (!ahead) return _("Waiting for a worker");
  return ahead === 1 ? _("Waiting: 1 scan before it") : _("Waiting: {ahead} scans before it", { ahead });
}

function lineFor(list, name) {
  const words = { stages: JSON.parse(list.dataset.stages), verdicts: JSON.parse(list.dataset.verdicts) };
  const item = document.createElement("li");
  const title = document.createElement("bdi");
  const said = document.createElement("span");
  const bar = document.createElement("progress");
  title.textContent = name;
  said.textContent = _("Waiting to be sent");
  said.setAttribute("role", "status");
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", _("Progress of {name}", { name }));
  item.append(title, " ", said, bar);
  list.append(item);

  function say(text) {
    if (said.textContent !== text) said.textContent = text;
  }

  // What failed is stored in English; the scan's own page says it in the reader's language.
  async function why(scan) {
    const short = stored(scan.failure?.sentence ?? scan.state, _("The analysis failed, so there is no report."));
    if (document.documentElement.lang === "en") return short;
    const answer = await fetch(`${root}/scans/${scan.id}`).catch(() => null);
    if (!answer?.ok) return short;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return page.querySelector("[data-why]")?.textContent.trim() ?? short;
  }

  function follow(id, ended) {
    const source = new EventSource(`${root}/v1/scans/${id}/events`);
    const close = () => {
      source.close();
      bar.remove();
      ended();
    };
    source.addEventListener("progress", async (event) => {
      const scan = JSON.parse(event.data);
      bar.value = scan.progress.done;
      if (scan.state === "queued") say(await waitingWords(id));
      else say(`${words.stages[scan.progress.stage]}…`);
    });
    source.addEventListener("end", (event) => {
      const scan = JSON.parse(event.data);
      item.dataset.ended = scan.state;
      if (scan.verdict) say(words.verdicts[scan.verdict]);
      else if (scan.state === "cancelled") say(_("This scan was cancelled, so there is no report."));
      else why(scan).then(say);
      close();
    });
    source.addEventListener("gone", () => {
      say(_("This scan was deleted."));
      close();
    });
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) close(); // else it connects again by itself
    });
  }

  return {
    progress(share) {
      bar.value = share;
      say(share > 0 ? uploadWords(share) : _("Being fetched…"));
    },
    lost(busy) {
      say(busy ? _("The service is busy just now. This goes on by itself.") : _("The connection was lost. It goes on by itself."));
    },
    taken(scan) {
      item.dataset.state = "taken";
      const link = document.createElement("a");
      link.href = scan.links.page;
      link.append(title);
      item.prepend(link);
      say(_("Accepted"));
      document.querySelector("[data-none]")?.remove(); // something has been scanned now
      followers.push((ended) => follow(scan.id, ended));
      followNext();
    },
    refused(sentence) {
      bar.remove();
      item.dataset.state = "refused";
      say(sentence);
    },
  };
}

// --- the form -----------------------------------------------------------------------------------

function begin() {
  const drop = form.querySelector(".drop");
  const [input, folder] = form.querySelectorAll("input[name=file]");
  const fragments = form.querySelector("input[name=fragment]");
  const addresses = form.querySelector("[name=url]");
  const button = form.querySelector("button");
  const error = form.querySelector("[data-error]");
  const list = form.querySelector("[data-sending]");
  const title = drop.querySelector("strong");
  const invitation = title.textContent;

  function files() {
    return [...input.files, ...folder.files];
  }

  function chosen() {
    const found = files();
    title.textContent = found.length > 1 ? _("{many} files", { many: found.length }) : found[0]?.name ?? invitation;
  }

  function take(found) {
    if (found.length === 0) return;
    const taken = new DataTransfer();
    for (const file of found) taken.items.add(file);
    input.files = taken.files;
    chosen();
  }

  // Why what was chosen cannot be sent together, in words; empty if it can.
  function refusal(found, named) {
    const many = found.length + named.length;
    const most = Number(fragments.dataset.most);
    if (many === 0) return _("Choose a file, drop one here, or give an address.");
    if (many > MOST) return _("None of the {many} was sent: at most {most} are taken together. For whole archives there is assay audit.", { many, most: MOST });
    if (fragments.files.length === 0) return "";
    if (many !== 1 || named.length > 0) return _("Media segments belong to one file: choose their initialisation segment, and nothing else.");
    return fragments.files.length > most ? _("At most {most} media segments are taken.", { most }) : "";
  }

  async function sendOne(job, line, alone) {
    try {
      const scan = await job.send(line);
      if (alone) window.location.assign(scan.links.page);
      else line.taken(scan);
    } catch (problem) {
      if (!(problem instanceof Refused)) throw problem;
      line.refused(problem.message);
      if (alone) show(error, problem.message);
    }
  }

  async function sendAll(jobs) {
    const alone = jobs.length === 1;
    const waiting = jobs.map((job) => [job, lineFor(list, job.name)]);
    const work = async () => {
      while (waiting.length > 0) await sendOne(...waiting.shift(), alone);
    };
    button.disabled = true;
    list.hidden = false;
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    button.disabled = false;
  }

  async function remind() {
    const sentences = (await unfinished()).map(({ name, share }) => _("Not sent to the end: {name}, {share} % arrived. If its page was closed, choose the same file again, and it goes on from there.", { name, share: Math.floor(100 * share) }));
    if (list.hidden) show(form.querySelector("[data-unfinished]"), sentences.join(" "));
  }

  input.addEventListener("change", chosen);
  folder.addEventListener("change", chosen);
  for (const [type, over] of [["dragenter", true], ["dragover", true], ["dragleave", false], ["drop", false]]) {
    document.addEventListener(type, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", over);
    });
  }
  document.addEventListener("drop", async (event) => take(await dropped(event.dataTransfer)));
  document.addEventListener("paste", (event) => take([...event.clipboardData.files]));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const profile = form.elements.profile.value;
    const found = files();
    const named = addresses.value.split(/\s+/).filter((address) => address !== "");
    const parts = inOrder(fragments.files);
    const sentence = refusal(found, named);
    show(error, sentence);
    if (sentence !== "") return;
    list.replaceChildren();
    show(form.querySelector("[data-unfinished]"), "");
    sendAll([
      ...found.map((file) => ({ name: file.name, send: (line) => sendFile(file, parts, profile, line) })),
      ...named.map((address) => ({ name: address, send: (line) => sendAddress(address, profile, line) })),
    ]);
  });
  remind();
}

if (form !== null) begin();
