// Sends one file or address and goes on where a connection was lost; never makes two scans of one.

import { _, stored } from "./words.js";

const root = document.documentElement.dataset.root ?? ""; // the path that the service lies under
const csrf = document.documentElement.dataset.csrf ?? ""; // of the session, if somebody is signed in

const WHOLE = 1024 * 1024; // bytes; larger files are sent in pieces
const PIECE = 4 * 1024 * 1024;
const PATIENCE = 30; // seconds between two attempts, at most
const PATIENT = 60; // seconds that a service may ask to be left alone for
const SOON = new Set(["upload_busy", "upload_offset_differs", "idempotency_key_in_use"]);
const TUS = { "Tus-Resumable": "1.0.0" };
const KEPT = "assay.uploads"; // in this browser: uploads that can be gone on with
const MOST_KEPT = 50;
const MOST_TOLD = 5;

// A refusal, in words for whoever sent it.
export class Refused extends Error {}

// Trying again helps: the connection broke, or the service is `busy`.
class Lost extends Error {
  constructor(seconds = 0, busy = false) {
    super("not sent yet");
    this.seconds = seconds;
    this.busy = busy;
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {}; // a proxy in between answers in its own way
  }
}

function explained(problem, status) {
  if (status === 401) return _("Your session has ended. Sign in in another tab, then send it again.");
  if (problem.title === undefined) return _("The upload was refused ({status}).", { status });
  return problem.detail === problem.title ? `${problem.title}.` : `${problem.title}: ${problem.detail}.`;
}

function passes(status, problem, seconds) {
  if (status === 409) return SOON.has(problem.code);
  if (status === 429 || status === 503) return seconds <= PATIENT;
  return [502, 504].includes(status) && problem.code === undefined; // a proxy says so, not the service
}

// One request; `progress` is told the bytes that left. Rejects with `Lost` where trying again helps.
function request(method, address, { headers = {}, body = null, progress = () => {} } = {}) {
  return new Promise((resolve, reject) => {
    const sent = new XMLHttpRequest();
    sent.upload.addEventListener("progress", (event) => progress(event.loaded));
    sent.addEventListener("load", () => {
      const seconds = Number(sent.getResponseHeader("Retry-After"));
      const body = parsed(sent.responseText);
      if (passes(sent.status, body, seconds)) reject(new Lost(seconds, true));
      else resolve({ status: sent.status, body });
    });
    for (const type of ["error", "abort"]) sent.addEventListener(type, () => reject(new Lost()));
    sent.open(method, `${root}${address}`);
    sent.setRequestHeader("Accept", "application/json");
    sent.setRequestHeader("Accept-Language", document.documentElement.lang); // of a refusal
    if (csrf !== "") sent.setRequestHeader("X-CSRF-Token", csrf);
    for (const [name, value] of Object.entries(headers)) sent.setRequestHeader(name, value);
    sent.send(body);
  });
}

function pause(seconds) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 1000 * seconds);
    window.addEventListener("online", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}

// Does something until the connection holds; `waits` is told while it does not.
async function untilDone(action, waits) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      waits(error.busy);
      await pause(Math.min(Math.max(error.seconds, 2 ** attempt / 2), PATIENCE));
    }
  }
}

// --- uploads that this browser began ------------------------------------------------------------

function nameOf(file) {
  return `${file.name}|${file.size}|${file.lastModified}`;
}

function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEPT)) ?? {};
  } catch {
    return {}; // the browser keeps nothing
  }
}

function keep(name, id) {
  const entries = Object.entries(kept()).filter(([other]) => other !== name);
  if (id !== null) entries.push([name, id]);
  try {
    localStorage.setItem(KEPT, JSON.stringify(Object.fromEntries(entries.slice(-MOST_KEPT))));
  } catch {
    // then a closed browser begins anew
  }
}

// Uploads that this browser began and did not end: the name and the share that arrived of each.
export async function unfinished() {
  const found = Object.entries(kept()).slice(-MOST_TOLD).map(async ([name, id]) => {
    const { status, body } = await request("GET", `/v1/uploads/${id}`, { headers: TUS });
    if (status === 404) keep(name, null); // its time is over
    if (status !== 200 || !["open", "complete"].includes(body.state) || !body.size) return null;
    return { name: name.split("|").slice(0, -2).join("|"), share: body.received / body.size };
  });
  const settled = await Promise.allSettled(found);
  return settled.map((each) => each.value ?? null).filter((each) => each !== null);
}

async function begun(file) {
  const id = kept()[nameOf(file)];
  if (id !== undefined) {
    const { status, body } = await request("GET", `/v1/uploads/${id}`, { headers: TUS });
    if (status === 200 && (body.state === "open" || body.state === "complete")) return body;
  }
  const description = JSON.stringify({ name: file.name, size: file.size });
  const headers = { "Content-Type": "application/json", ...TUS };
  const { status, body } = await request("POST", "/v1/uploads", { headers, body: description });
  if (status !== 201) throw new Refused(explained(body, status));
  keep(nameOf(file), body.id);
  return body;
}

async function inPieces(file, tell) {
  let upload = await untilDone(() => begun(file), tell.lost);
  const address = `/v1/uploads/${upload.id}`;
  while (upload.state === "open") {
    upload = await untilDone(async () => {
      const now = await request("GET", address, { headers: TUS });
      if (now.status !== 200) throw new Refused(explained(now.body, now.status));
      if (now.body.state !== "open") return now.body;
      const at = now.body.received;
      const { status, body } = await request("PATCH", address, {
        headers: { "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(at), ...TUS },
        body: file.slice(at, at + PIECE),
        progress: (bytes) => tell.progress((at + bytes) / file.size),
      });
      if (status !== 204) throw new Refused(explained(body, status));
      return (await request("GET", address, { headers: TUS })).body;
    }, tell.lost);
  }
  if (upload.state === "failed") throw new Refused(stored(`${upload.failure.sentence}.`, _("The upload was refused.")));
  return upload.id;
}

// --- what is sent -------------------------------------------------------------------------------

function newKey() {
  const digits = crypto.getRandomValues(new Uint8Array(16));
  return [...digits].map((digit) => digit.toString(16).padStart(2, "0")).join("");
}

async function submit(fields, tell, size = 0) {
  const headers = { "Idempotency-Key": `"${newKey()}"` }; // a form that is sent again makes no second scan
  const { status, body } = await untilDone(() => {
    const data = new FormData();
    for (const [name, value] of fields) data.append(name, value);
    const progress = (bytes) => tell.progress(size > 0 ? Math.min(bytes / size, 1) : 0);
    return request("POST", "/v1/scans", { headers, body: data, progress });
  }, tell.lost);
  if (status !== 202) throw new Refused(explained(body, status));
  return body;
}

// A scan of this file; `fragments` belong to it. Throws `Refused`.
export async function sendFile(file, fragments, profile, tell) {
  if (file.size <= WHOLE || fragments.length > 0) {
    const parts = fragments.map((part) => ["fragment", part]);
    const size = [file, ...fragments].reduce((sum, part) => sum + part.size, 0);
    return submit([["file", file], ["profile", profile], ...parts], tell, size);
  }
  try {
    const id = await inPieces(file, tell);
    const scan = await submit([["upload", id], ["profile", profile]], tell);
    keep(nameOf(file), null);
    return scan;
  } catch (error) {
    if (error instanceof Refused) keep(nameOf(file), null);
    throw error;
  }
}

// A scan of what lies at this address, which the service fetches. Throws `Refused`.
export function sendAddress(address, profile, tell) {
  return submit([["url", address], ["profile", profile]], tell);
}
