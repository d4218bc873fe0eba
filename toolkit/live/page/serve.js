// A page that shows what a device's stream says.
const data = JSON.parse(byId("genrekit-data").textContent);
const view = new View(data);
const STATUS_MS = 2000;
const events = new EventSource("events?picture=1");
let over = false;

globalThis.genrekit = {
  ready: new Promise(resolve => events.addEventListener("open", resolve, { once: true })),
  labels: data.labels,
  sampleRate: data.front_end.sample_rate,
  get decisions() { return view.decisions; },
};

events.addEventListener("open", () => {
  view.clear();
  over = false;
  view.state("listening", `The device listens to ${data.source}.`);
});
events.addEventListener("message", ({ data: text }) => {
  const line = JSON.parse(text);
  if (line.warning) view.state("listening", `${clock(line.warning.time_s)}: ${line.warning.text}`);
  else view.decide(line);
});
events.addEventListener("sound", ({ data: text }) => {
  const { end_s: endS, level_dbfs: dbfs, columns } = JSON.parse(text);
  view.picture.add(Uint8Array.from(atob(columns), one => one.charCodeAt(0)), endS);
  view.showLevel(dbfs ?? -Infinity);
});
events.addEventListener("end", ({ data: text }) => {
  over = true;
  events.close();
  view.state("ready", JSON.parse(text));
});
events.addEventListener("error", () => {
  if (over) return;
  view.state("error", "The device does not answer. This page goes on when it does again.");
  // The browser tries again by itself, unless it was turned away.
  if (events.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), STATUS_MS);
});

async function askStatus() {
  try {
    const status = await (await fetch("status")).json();
    view.showDropped(status.dropped_s);
    view.showLoad(status.load);
  } catch {
    return; // `events` says what there is to say
  } finally {
    if (!over) setTimeout(askStatus, STATUS_MS);
  }
}

askStatus();
