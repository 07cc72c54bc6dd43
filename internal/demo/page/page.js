// Makes the frame as tall as its mail, so that the page has one scroll bar. Without this the frame
// scrolls by itself.
const frame = document.getElementById("mail");
if (frame) {
  const fit = () => {
    const doc = frame.contentDocument;
    if (doc && doc.body) {
      frame.style.height = "0";
      frame.style.height = doc.documentElement.scrollHeight + "px";
    }
  };
  frame.addEventListener("load", fit);
  window.addEventListener("resize", fit);
  if (frame.contentDocument && frame.contentDocument.readyState === "complete") {
    fit();
  }
}
