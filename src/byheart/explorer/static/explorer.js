"use strict";
// Asks the server about the text as it is typed. Whatever the server says is foreign text: it is set as text, never as markup.

const at = (id) => document.getElementById(id);
const given = at("given"), continuation = at("continuation"), shortest = at("shortest"), status = at("status"), live = at("live");
const WAIT_MS = 250, LOOK_MS = 1000, LONGEST_SHARED = 4000;
const asking = new Map(); // the question that each section waits for: the newest wins

function element(name, text = "", attributes = {}) {
  const it = document.createElement(name);
  if (text !== "") it.textContent = text;
  for (const [key, value] of Object.entries(attributes)) it.setAttribute(key, value);
  return it;
}

function show(section, ...parts) {
  at(section).querySelector(".answer").replaceChildren(...parts.filter(Boolean));
}

function trouble(error) {
  const box = element("div", "", { class: "trouble" });
  for (const part of [error.what, error.why, error.next_step]) if (part) box.append(element("p", part));
  return box;
}

function notes(list) {
  return list.map((note) => element("p", note, { class: "note" }));
}

function table(heads, rows, label) {
  const it = element("table"), head = it.createTHead().insertRow(), body = it.createTBody();
  heads.forEach((name, n) => head.append(element("th", name, n ? { scope: "col" } : { scope: "col", class: "name" })));
  for (const row of rows) {
    const line = body.insertRow();
    if (row.is_model) line.className = "is-model";
    row.cells.forEach((cell, n) => line.append(n ? element("td", cell) : element("th", cell, { scope: "row", class: "name" })));
  }
  const box = element("div", "", { class: "scroll", role: "region", "aria-label": label, tabindex: "0" });
  box.append(it);
  return box;
}

// Asks, unless a newer question of the same section makes the answer stale.
async function ask(section, path, question, shown) {
  asking.get(section)?.abort();
  const own = new AbortController();
  asking.set(section, own);
  at(section).setAttribute("aria-busy", "true");
  watch();
  let parts;
  try {
    const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(question), signal: own.signal });
    const found = await answer.json();
    parts = found.error ? [trouble(found.error)] : shown(found);
  } catch (error) {
    if (own.signal.aborted) return;
    parts = [trouble({ what: "The explorer does not answer.", next_step: "See whether byheart serve still runs in its terminal." })];
  }
  if (asking.get(section) !== own) return;
  asking.delete(section);
  at(section).removeAttribute("aria-busy");
  show(section, ...parts);
  if (!asking.size) status.textContent = "Answered.";
}

// While something is awaited, says what the server is doing.
let watching = false;
async function watch() {
  if (watching) return;
  watching = true;
  for (;;) {
    await new Promise((done) => setTimeout(done, LOOK_MS));
    if (!asking.size) break;
    try {
      const state = await (await fetch("/api/state")).json();
      const doing = state.models || state.lookups;
      const share = doing && doing.share !== null ? ` ${Math.round(100 * doing.share)} %` : "";
      if (asking.size) status.textContent = doing ? `Working: ${doing.stage}${share} ${doing.note}` : "Working …";
    } catch { break; }
  }
  watching = false;
}

function showSpans(found) {
  const text = element("div", "", { class: "passage", tabindex: "0", role: "region", "aria-label": "The text, with the runs that stand in the trained-on text" });
  const sizes = new Map(found.runs.map((run) => [run.number, run.step]));
  for (const piece of found.pieces) {
    if (!piece.number) { text.append(piece.text); continue; }
    const mark = element("mark", piece.text, { class: `step-${sizes.get(piece.number) ?? 1}` });
    text.append(mark, element("sup", String(piece.number), { class: "number" }));
  }
  const runs = element("ol", "", { class: "runs" });
  for (const run of found.runs) {
    const item = element("li", `${run.number}. ${run.said}: `);
    run.places.forEach((place, n) => item.append(n ? ", " : "", element("a", place.name, { href: place.address }), ` at ${place.at}`));
    if (run.more_places > 0) item.append(` and ${run.more_places.toLocaleString("en")} more`);
    item.append(element("span", run.text, { class: "excerpt" }));
    runs.append(item);
  }
  const more = found.left_out ? element("p", `${found.left_out} shorter runs are marked and not listed.`, { class: "note" }) : null;
  return [element("p", found.said), element("p", found.chance, { class: "note" }), ...notes(found.notes), text, found.runs.length ? runs : null, more];
}

function showContinuation(found) {
  const rows = found.rows.map((row) => ({ is_model: row.is_model, cells: [row.name + (row.is_best ? " (best of these)" : ""), row.greedy, row.pz, row.tries, row.bits] }));
  return [
    element("p", found.said),
    found.chance_by_itself ? element("p", found.chance_by_itself, { class: "note" }) : null,
    found.beside ? element("p", found.beside) : null,
    element("p", found.chance, { class: "note" }),
    found.border ? element("p", found.border, { class: "note" }) : null,
    table(["who", "tokens by itself", "p_z", "tries for one half", "bits"], rows, "The continuation by model and memorizers"),
    element("p", `By itself: greedy, without any chance. p_z: temperature 1, top-k 40. Tries: ${found.formula}, rounded up. Bits: of the whole distribution. ${found.num_given} tokens given, ${found.num_tokens} to come.`, { class: "note" }),
    element("p", "Beside the model stand the memorizers that explain; mixture, automaton and knowledge base, one of which is often the report's best, are not asked. memorizer: of the trained-on text. lookup: holds it and counts every occurrence. distinct: of each document once. blind: never saw it.", { class: "note" }),
    ...notes(found.notes),
  ];
}

// A token as in the report: where the model says another one, that stands below.
function tokenOf(token) {
  const look = { "data-why": token.letter, title: `${token.bits} bits` };
  if (!token.said) return [element("span", token.text, { class: "why", ...look })];
  const pair = element("span", "", { class: "pair" }), said = element("ins", token.said, { class: "said" });
  said.prepend(element("span", "the model says ", { class: "unseen" }));
  pair.append(element("del", token.text, { class: "differs why", ...look }), said);
  return [pair, token.after];
}

function showExplanation(found) {
  const text = element("div", "", { class: "passage", tabindex: "0", role: "region", "aria-label": "The text by explanation" });
  for (const token of found.tokens) {
    if (token.begins) text.append(element("b", token.letter, { class: "letter" }));
    text.append(...tokenOf(token));
  }
  const rows = found.shares.map((row) => ({ cells: [`${row.letter} ${row.name}: ${row.meaning}`, row.share, row.floor] }));
  return [element("p", found.said), text, table(["explanation", "share", "floor"], rows, "Shares of the explanations"), ...notes(found.notes)];
}

const whole = () => given.value + continuation.value;

function isTooLong() {
  const size = new TextEncoder().encode(whole()).length, longest = Number(at("question").dataset.longest);
  if (size <= longest) return false;
  status.textContent = `This text has ${size.toLocaleString("en")} bytes, and at most ${longest.toLocaleString("en")} are asked about: give a part of it.`;
  return true;
}

function explain() {
  if (whole() && !isTooLong()) ask("explanation", "/api/explanation", { text: whole() }, showExplanation);
}

function askAll() {
  forgetOldLink();
  if (isTooLong()) return;
  if (!whole()) {
    for (const section of ["spans", "continuation-answer", "explanation"]) { asking.get(section)?.abort(); asking.delete(section); show(section, element("p", "No text yet.", { class: "empty" })); }
    status.textContent = "";
    return;
  }
  ask("spans", "/api/spans", { text: whole(), shortest: Number(shortest.value) || null }, showSpans);
  if (continuation.value) ask("continuation-answer", "/api/continuation", { given: given.value, continuation: continuation.value }, showContinuation);
  if (live.checked) explain();
}

function linked() {
  const parts = new URLSearchParams();
  if (given.value) parts.set("given", given.value);
  if (continuation.value) parts.set("continuation", continuation.value);
  return parts.toString();
}

// Only who asks for a link has the text in the address: browsers keep addresses in their history, and some send that on.
function makeLink() {
  const text = linked();
  if (!text || text.length > LONGEST_SHARED) {
    status.textContent = text ? "This text is too long for a link." : "No text yet.";
    return;
  }
  history.replaceState(null, "", `${location.pathname}#${text}`);
  status.textContent = "The address now holds the text: copy it from there. Your browser keeps it in its history.";
}

// The text in the address; null where there is none (#content is the target of the skip link).
function textOfLink() {
  const parts = new URLSearchParams(location.hash.slice(1));
  return parts.has("given") || parts.has("continuation") ? parts : null;
}

function forgetOldLink() {
  const parts = textOfLink();
  if (parts && parts.toString() !== linked()) history.replaceState(null, "", location.pathname);
}

function part(shown) {
  at("continuation-part").hidden = !shown;
  at("join").hidden = !shown;
}

function read() {
  const asked = textOfLink() ?? new URLSearchParams(JSON.parse(at("question").dataset.passage));
  given.value = asked.get("given") ?? "";
  continuation.value = asked.get("continuation") ?? "";
  part(Boolean(continuation.value));
  if (whole()) askAll();
}

let waiting = 0;
function typed() {
  clearTimeout(waiting);
  waiting = setTimeout(askAll, WAIT_MS);
}

for (const field of [given, continuation, shortest]) field.addEventListener("input", typed);
live.addEventListener("change", askAll);
at("question").addEventListener("submit", (event) => event.preventDefault());
at("explain").addEventListener("click", explain);
at("link").addEventListener("click", makeLink);
at("split").addEventListener("click", () => {
  const place = given.selectionStart, text = given.value;
  if (place >= text.length) { status.textContent = "Put the cursor inside the text, where the continuation begins."; given.focus(); return; }
  given.value = text.slice(0, place);
  continuation.value = text.slice(place) + continuation.value;
  part(true);
  continuation.focus();
  continuation.setSelectionRange(0, 0);
  continuation.scrollTop = 0;
  askAll();
});
at("join").addEventListener("click", () => {
  given.value = whole();
  continuation.value = "";
  part(false);
  show("continuation-answer", element("p", "Split the text at the cursor.", { class: "empty" }));
  given.focus();
  askAll();
});
at("clear").addEventListener("click", () => {
  given.value = continuation.value = "";
  part(false);
  given.focus();
  askAll();
});
window.addEventListener("hashchange", () => { if (textOfLink()) read(); });
read();
