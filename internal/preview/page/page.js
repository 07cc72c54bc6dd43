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
  const y = window.scrollY;
  const frame = old.querySelector("#mail");
  const successor = state.querySelector("#mail");
  if (frame && successor) {
    successor.style.height = frame.style.height; // until it is loaded, so that nothing jumps
  }
  old.replaceWith(state);
  window.scrollTo(0, y);
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
