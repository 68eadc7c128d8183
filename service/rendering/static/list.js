// The list of scans by keyboard, and what is ticked in it. Without this the list is a plain form.

import { _ } from "./words.js";

const form = document.querySelector("[data-several]");
const rows = [...form.querySelectorAll("[data-row]")];
const search = document.querySelector("[data-search]");

function tick(row) {
  return row.querySelector("input[name=scan]");
}

// What a row is walked to by: its link, or its box where the scan is gone.
function handle(row) {
  return row.querySelector(".file a") ?? tick(row);
}

function current() {
  return rows.findIndex((row) => row.contains(document.activeElement));
}

function walk(step) {
  const at = current();
  const wanted = at === -1 ? (step > 0 ? 0 : rows.length - 1) : at + step;
  const row = rows[Math.min(Math.max(wanted, 0), rows.length - 1)];
  handle(row).focus();
  row.scrollIntoView({ block: "nearest" });
}

function typing(target) {
  return target.closest("input:not([type=checkbox]), select, textarea") !== null;
}

const KEYS = {
  j: () => walk(1),
  k: () => walk(-1),
  "/": () => search.select(),
};
const INSIDE = { ArrowDown: () => walk(1), ArrowUp: () => walk(-1) }; // elsewhere they scroll

function pressed(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || typing(event.target)) return;
  const move = KEYS[event.key] ?? (current() === -1 ? undefined : INSIDE[event.key]);
  if (move !== undefined) {
    event.preventDefault();
    move();
  } else if (event.key === " " && document.activeElement.matches("[data-row] .file a")) {
    event.preventDefault();
    tick(rows[current()]).click();
  }
}

function counted() {
  const many = rows.filter((row) => tick(row).checked).length;
  const all = form.querySelector("[data-all]");
  form.querySelector("[data-ticked]").textContent = many === 1 ? _("1 scan is ticked:") : _("{many} scans are ticked:", { many });
  for (const button of form.querySelectorAll("button")) {
    button.disabled = "two" in button.dataset ? many !== 2 : many === 0;
  }
  all.checked = many === rows.length;
  all.indeterminate = many > 0 && many < rows.length;
}

function begin() {
  const all = form.querySelector("[data-all]");
  all.hidden = false;
  form.querySelector("[data-instead]").hidden = true;
  form.querySelector("[data-keys]").hidden = false;
  all.addEventListener("change", () => {
    for (const row of rows) tick(row).checked = all.checked;
    counted();
  });
  form.addEventListener("change", counted);
  document.addEventListener("keydown", pressed);
  window.addEventListener("pageshow", counted); // going back restores what was ticked
  counted();
}

if (rows.length > 0) begin();
