// Checks a report in the browser: nothing is sent anywhere, and after loading no network is needed.

import { _, minute } from "./words.js";

const LARGEST = 64 * 1024 * 1024; // bytes of a report
const HANDOVER_SECONDS = 24 * 60 * 60;
const BYTES = new TextEncoder();

// JSON Canonicalization Scheme (RFC 8785): members sorted by UTF-16 units, numbers as here anyway.
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
}

function base64url(bytes) {
  let binary = "";
  for (let at = 0; at < bytes.length; at += 0x8000) {
    binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function unbase64url(text) {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}

function hexadecimal(buffer) {
  return [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// A saved page of a report carries the report itself; the rest of the page is not signed.
function documentIn(text) {
  const found = [...text.matchAll(/<details class="raw">.*?<pre tabindex="0">([^<]*)<\/pre>/gs)];
  if (found.length !== 1) throw new Error(_("This page is not a report."));
  const page = new DOMParser().parseFromString(`<pre>${found[0][1]}</pre>`, "text/html");
  return JSON.parse(page.body.textContent);
}

// A printed report carries the report and its signature; what its pages show is not signed.
async function attachedTo(bytes, name) {
  const text = new TextDecoder("latin1").decode(bytes);
  const named = text.match(new RegExp(`/Filespec/F\\(${name.replace(".", "\\.")}\\)[^>]*/EF<</F (\\d+) 0 R`));
  if (named === null) return null;
  const head = new RegExp(`\\n${named[1]} 0 obj\\s*<<(.*?)>>\\s*stream\\r?\\n`, "s").exec(text);
  const length = Number(head?.[1].match(/\/Length (\d+)/)?.[1]);
  if (!(length <= LARGEST)) throw new Error(_("This PDF cannot be read."));
  const start = head.index + head[0].length;
  const part = new Blob([bytes.subarray(start, start + length)]);
  if (!head[1].includes("/FlateDecode")) return part.text();
  return new Response(part.stream().pipeThrough(new DecompressionStream("deflate"))).text();
}

// The report of a file, how it came, and the signature where it carries one.
async function opened(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const text = new TextDecoder().decode(bytes);
  if (text.startsWith("%PDF-")) {
    const inside = await attachedTo(bytes, "report.json");
    if (inside === null) throw new Error(_("No report is attached to this PDF."));
    return { report: JSON.parse(inside), form: "PDF", signature: await attachedTo(bytes, "report.jws") };
  }
  if (text.trimStart().startsWith("<")) return { report: documentIn(text), form: "page", signature: null };
  return { report: parsed(text, file), form: "JSON", signature: null };
}

// What is no JSON is named; what the browser's parser says of it is for programmers.
function parsed(text, file) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(_("{name} is not JSON.", { name: file.name }));
  }
}

function keyOf(keys, id) {
  const found = (keys.keys ?? []).find((key) => key.kid === id && key.crv === "Ed25519");
  if (found === undefined) throw new Error(_("The key that the signature names is not among the keys."));
  return found;
}

function imported({ kty, crv, x }) {
  return crypto.subtle.importKey("jwk", { kty, crv, x }, { name: "Ed25519" }, false, ["verify"]);
}

// Returns the id of the key that signed exactly this document, or throws.
async function signedBy(report, signature, keys) {
  const [head, empty, mark] = signature.trim().split(".");
  if (mark === undefined || empty !== "") throw new Error(_("This is not a detached signature."));
  const header = JSON.parse(new TextDecoder().decode(unbase64url(head)));
  if (header.alg !== "Ed25519") throw new Error(_("A signature by {alg} is not accepted.", { alg: header.alg }));
  const key = keyOf(keys, header.kid);
  const payload = base64url(BYTES.encode(canonical(report)));
  const signed = BYTES.encode(`${head}.${payload}`);
  if (!(await crypto.subtle.verify({ name: "Ed25519" }, await imported(key), unbase64url(mark), signed))) {
    throw new Error(_("The signature does not fit: the report is not the one that was signed."));
  }
  checkTime(report, key);
  return header.kid;
}

// A retired key vouches for reports of its time only, and a day more for processes that ran on.
function checkTime(report, key) {
  if (key.exp === undefined) return;
  const made = Date.parse(report.analysed_at);
  if (!(made <= (key.exp + HANDOVER_SECONDS) * 1000)) {
    throw new Error(_("The key was retired before this report was made."));
  }
}

async function digestOf(file) {
  return hexadecimal(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
}

function said(list, tone, text) {
  const item = document.createElement("li");
  item.dataset.tone = tone;
  item.textContent = text;
  list.append(item);
}

async function check(form, list) {
  const file = (name) => form.elements[name].files[0];
  const report = file("report");
  if (report.size > LARGEST) throw new Error(_("This file is too large to be a report."));
  const { report: found, form: kind, signature: enclosed } = await opened(report);
  const signature = file("signature") ? await file("signature").text() : enclosed;
  if (signature === null) throw new Error(_("Its signature is missing. Only a PDF can carry one."));
  const keys = file("keys")
    ? parsed(await file("keys").text(), file("keys"))
    : await (await fetch(`${document.documentElement.dataset.root}/.well-known/assay-keys.json`)).json();
  const key = await signedBy(found, signature, keys);
  said(list, "good", _("Signed by {key}, and unchanged since.", { key }));
  const { headline, subject } = found;
  const moment = minute(found.analysed_at);
  said(list, "good", _("It says “{headline}” about {name}, analysed {moment}.", { headline, name: subject.name, moment }));
  if (kind === "PDF") said(list, "caution", _("The JSON inside the PDF is what was signed. The rest was not checked: anyone can change it."));
  if (kind === "page") said(list, "caution", _("The JSON inside the page is what was signed. The rest was not checked: anyone can change it."));
  const media = file("media");
  if (media === undefined) return;
  const same = (await digestOf(media)) === found.subject.sha256;
  if (same) said(list, "good", _("It is about {name}: the SHA-256 is the same.", { name: media.name }));
  else said(list, "bad", _("It is not about {name}: its SHA-256 is a different one.", { name: media.name }));
}

function enhanceVerify(form) {
  const list = document.querySelector("[data-verified]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    list.replaceChildren();
    if (globalThis.crypto?.subtle === undefined) {
      said(list, "bad", _("This browser checks signatures on https addresses only. Use the command below."));
      return;
    }
    try {
      await check(form, list);
    } catch (error) {
      list.replaceChildren();
      said(list, "bad", _("Not verified. {why}", { why: error.message }));
    }
  });
  form.hidden = false;
}

document.querySelectorAll("form[data-verify]").forEach(enhanceVerify);
