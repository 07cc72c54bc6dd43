// Follows edits, and makes the frame as tall as its mail, so that the page has one scroll bar. Without
// this the page is as it was when it was loaded, and the frame scrolls by itself.
const fit = () => {
  const frame = document.getElementById("mail");
  const doc = frame && frame.contentDocument;
  if (doc && doc.body) {
    frame.style.height = "0";
    frame.style.height = doc.documentElement.scrollHeight + "px";
  }
};

const attach = () => {
  const frame = document.getElementById("mail");
  if (frame) {
    frame.addEventListener("load", fit);
    fit();
  }
};

// A note that somebody is writing stays as it is. What another person wrote meanwhile is shown beside it.
const keepNote = (old, state) => {
  const typed = old.querySelector("#note");
  const next = state.querySelector("#note");
  if (!typed || !next || typed.value === typed.defaultValue || typed.dataset.sent) {
    return;
  }
  const before = typed.form.elements.instead.value;
  const now = next.form.elements.instead.value;
  const theirs = next.value;
  const selection = [typed.selectionStart, typed.selectionEnd];
  next.value = typed.value;
  next.setSelectionRange(...selection);
  const said = typed.form.querySelector(".meanwhile").textContent;
  next.form.querySelector(".meanwhile").textContent = before === now ? said :
    now === "0" ? "Meanwhile somebody took the note back." :
    "Meanwhile somebody wrote: “" + theirs.trim() + "” Yours takes its place.";
};

// Orders go without leaving the page. What is refused is said, and what had the focus keeps it.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.classList.contains("order")) {
    return;
  }
  event.preventDefault();
  const button = event.submitter;
  const note = document.getElementById("note");
  const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form, button)) }).catch((e) => e);
  const refused = answer.ok ? "" : answer.text ? (await answer.text()).trim() : "digestd preview has ended";
  if (!refused && note && note.form === form) {
    note.dataset.sent = "yes";
  }
  await refresh().catch(() => {});
  document.querySelector(".refused").textContent = refused;
  if (button && button.id && !document.getElementById(button.id)) {
    document.getElementById("desk").focus({ preventScroll: true }); // the button is gone: its order stands
  }
});

const refresh = async () => {
  const answer = await fetch(location.href, { cache: "no-store" });
  const next = new DOMParser().parseFromString(await answer.text(), "text/html");
  const old = document.getElementById("state");
  const state = document.importNode(next.getElementById("state"), true);
  for (const open of old.querySelectorAll("details[open]")) {
    const same = state.querySelector("#" + CSS.escape(open.id));
    if (same) {
      same.open = true;
    }
  }
  keepNote(old, state);
  const focused = document.activeElement && document.activeElement.id;
  const y = window.scrollY, beside = (old.querySelector("aside") || {}).scrollTop;
  const frame = old.querySelector("#mail");
  const successor = state.querySelector("#mail");
  if (frame && successor) {
    successor.style.height = frame.style.height; // until it is loaded, so that nothing jumps
  }
  old.replaceWith(state);
  window.scrollTo(0, y);
  if (beside) {
    state.querySelector("aside").scrollTop = beside;
  }
  const same = focused && document.getElementById(focused);
  if (same && same !== document.activeElement) {
    same.focus({ preventScroll: true });
  }
  document.title = next.title;
  attach();
};

const line = document.getElementById("line");
const changes = new EventSource("/changes");
changes.onmessage = async (event) => {
  line.textContent = line.dataset.follows;
  if (event.data !== document.getElementById("state").dataset.version) {
    await refresh();
    line.textContent = "Changed at " + new Date().toLocaleTimeString();
  }
};
changes.onerror = () => {
  line.textContent = line.dataset.ended;
};

for (const input of document.querySelectorAll(".choice select, .choice input")) {
  input.addEventListener("change", () => input.form.requestSubmit());
}
window.addEventListener("resize", fit);
attach();
