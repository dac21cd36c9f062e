// One trial of the quiz: a fixation cross, then a face (or an instruction), then an answer by button or key.
// The reaction time is taken here, from the first frame that has the face on it to the key or the button, by the
// browser's monotonic clock; the server only stores it. Text goes in as text, never as markup.

const trials = new WeakMap();
const AGAIN = 6000;

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const before = trials.get(parentElement);
  const trial = before && before.token === data.token ? before : begin(parentElement, data, before);
  trials.set(parentElement, trial);
  trial.send = (answer) => setTriggerValue("answer", answer);
  const onKey = (event) => key(trial, event);
  const onHide = () => { if (document.hidden) trial.interrupted = true; };
  document.addEventListener("keydown", onKey);
  document.addEventListener("visibilitychange", onHide);
  return () => {
    document.removeEventListener("keydown", onKey);
    document.removeEventListener("visibilitychange", onHide);
  };
}

function begin(root, data, before) {
  if (before) stop(before);
  const trial = {
    token: data.token, data, root, phase: "fixation", began: null, interrupted: false, timers: [], answer: null,
  };
  const at = (name) => root.querySelector("." + name);
  at("progress-text").textContent = data.progress;
  at("bar").style.width = 100 * data.share + "%";
  at("note").textContent = data.note || "";
  at("question").textContent = data.question;
  fill(at("answers"), data.labels, (i, event) => choose(trial, i, event));
  const picture = at("face");
  picture.removeAttribute("src");
  picture.hidden = true;
  at("asked").textContent = "";
  at("cross").hidden = false;
  at("sent").textContent = "";
  enable(trial, false);
  const ready = data.picture ? load(picture, data.picture) : Promise.resolve();
  const paused = new Promise((done) => trial.timers.push(setTimeout(done, data.fixation)));
  Promise.all([ready, paused]).then(() => show(trial));
  return trial;
}

function load(picture, source) {
  picture.src = source;
  return picture.decode().catch(() => undefined);
}

function show(trial) {
  if (trial.phase !== "fixation") return;
  requestAnimationFrame(() => {
    if (trial.phase !== "fixation") return;
    const at = (name) => trial.root.querySelector("." + name);
    at("cross").hidden = true;
    at("face").hidden = !trial.data.picture;
    at("asked").textContent = trial.data.asked || "";
    enable(trial, true);
    requestAnimationFrame(() => {
      trial.began = performance.now();
      trial.phase = "face";
      trial.interrupted = document.hidden;
      if (trial.data.limit) trial.timers.push(setTimeout(() => choose(trial, null, null), trial.data.limit));
    });
  });
}

function key(trial, event) {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.composedPath()[0];
  if (target instanceof Element && target.closest("input, textarea, select, [contenteditable=true]")) return;
  const found = /^(?:Digit|Numpad)([1-9])$/.exec(event.code) || /^([1-9])$/.exec(event.key);
  if (!found) return;
  const i = Number(found[1]) - 1;
  if (i < trial.root.querySelectorAll(".answers button").length) choose(trial, i, event);
}

function choose(trial, i, event) {
  if (trial.phase === "confidence" && i !== null) return finish(trial, i + 1);
  if (trial.phase !== "face") return;
  const now = event && event.timeStamp > trial.began ? event.timeStamp : performance.now();
  trial.timers.forEach(clearTimeout);
  trial.answer = {
    token: trial.token,
    item: trial.data.item,
    label: i === null ? null : trial.data.labels[i],
    reaction_ms: i === null || trial.interrupted ? null : now - trial.began,
    confidence: null,
  };
  if (!trial.data.confidence || i === null) return finish(trial, null);
  trial.phase = "confidence";
  trial.root.querySelector(".question").textContent = "How sure are you?";
  fill(trial.root.querySelector(".answers"), trial.data.confidence, (k, e) => choose(trial, k, e));
}

function finish(trial, confidence) {
  trial.phase = "sent";
  trial.answer.confidence = confidence;
  trial.root.querySelector(".face").hidden = true;
  trial.root.querySelector(".asked").textContent = "";
  trial.root.querySelector(".cross").hidden = false;
  enable(trial, false);
  deliver(trial);
}

// The same answer may come twice: the server takes it once. So it is sent until the next face is here.
function deliver(trial) {
  if (trials.get(trial.root) !== trial || !trial.root.isConnected) return;
  trial.send(trial.answer);
  trial.timers.push(setTimeout(() => {
    trial.root.querySelector(".sent").textContent = "The server has not answered yet; your answer is sent again.";
    deliver(trial);
  }, AGAIN));
}

function stop(trial) {
  trial.phase = "over";
  trial.timers.forEach(clearTimeout);
}

function fill(place, labels, chosen) {
  place.replaceChildren(...labels.map((label, i) => {
    const button = document.createElement("button");
    const number = document.createElement("kbd");
    button.type = "button";
    number.textContent = String(i + 1);
    button.append(number, label);
    button.addEventListener("click", (event) => chosen(i, event));
    return button;
  }));
}

function enable(trial, on) {
  trial.root.querySelectorAll(".answers button").forEach((button) => { button.disabled = !on; });
}
