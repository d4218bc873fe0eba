// A page by itself: the model runs here.
const data = JSON.parse(byId("genrekit-data").textContent);
const view = new View(data);
const CONTROLS = ["microphone", "choose", "example"];
const RECENT = 20; // windows that the load is of
const { sample_rate: rate, hop_length: hop } = data.front_end;
const STRIDE_HOPS = Math.max(1, Math.round(data.stride_s * rate / hop));
let wasm, classifier, sound, resampler, single; // single: of `genrekit.classify`, which disturbs no source
let session = 0; // raised when a source begins or stops: what an earlier one still brings is passed over
let stopSource = () => {};
let costs, cost, positionS, droppedS;

const ready = (async () => {
  wasm = await instantiate(data.wasm);
  classifier = new Classifier(wasm, data, STRIDE_HOPS);
  sound = new Sound(wasm, data);
})();

globalThis.genrekit = {
  ready,
  labels: data.labels,
  sampleRate: rate,
  get decisions() { return view.decisions; },
  async classify(samples) {
    await ready;
    if (!(samples instanceof Float32Array) || samples.length !== data.window_samples) {
      throw new RangeError(`expected a Float32Array of ${data.window_samples} samples, one window at ${rate} Hz`);
    }
    single ??= new Classifier(wasm, data, STRIDE_HOPS);
    single.reset();
    return single.push(samples)[0].scores;
  },
};

/** Begin another source, of sound at `sourceRate`. */
function begin(sourceRate) {
  view.clear();
  resampler = new Resampler(sourceRate, rate);
  classifier.reset();
  sound.reset();
  costs = [];
  cost = positionS = droppedS = 0;
}

/** The next samples of the source. */
function take(samples, dropped = 0) {
  if (dropped) {
    droppedS += dropped / resampler.step / rate;
    positionS += dropped / resampler.step / rate;
    resampler.reset();
    classifier.reset(positionS); // a window must not reach over the gap
    sound.reset();
    view.showDropped(droppedS);
  }
  const resampled = resampler.push(samples);
  positionS += samples.length / resampler.step / rate;
  const columns = sound.columns(resampled);
  if (columns.length) view.picture.add(columns, positionS);
  view.showLevel(level(samples));
  const began = performance.now(), decisions = classifier.push(resampled);
  cost += performance.now() - began;
  show(decisions);
}

function show(decisions) {
  decisions.forEach(decision => view.decide(decision));
  if (!decisions.length) return;
  costs = [...costs, ...decisions.map(() => cost / decisions.length)].slice(-RECENT);
  cost = 0;
  const windowMs = costs.reduce((sum, one) => sum + one, 0) / costs.length;
  view.showLoad(windowMs / (1000 * STRIDE_HOPS * hop / rate), windowMs);
}

function finish() {
  show(classifier.push(resampler.flush()));
  show(classifier.flush());
}

/** Run `open` as the source named `name`, in place of what runs. */
async function run(name, open) {
  stopSource();
  const own = ++session;
  const isStopped = () => own !== session;
  stopSource = () => { session++; };
  view.state("listening", `Opening ${name[0].toLowerCase()}${name.slice(1)}.`);
  byId("stop").disabled = false;
  try {
    await open(isStopped);
  } catch (error) {
    if (isStopped()) return;
    end("error", error instanceof SourceError ? error.message
      : `${name}: this browser could not go on (${error.message}). Reload the page, or choose another source.`);
  }
}

function end(state, sentence) {
  stopSource();
  stopSource = () => {};
  byId("stop").disabled = true;
  view.state(state, sentence);
}

const WAYS = {
  microphone: () => run("the microphone", async isStopped => {
    const stop = await openMicrophone(
      sourceRate => { if (!isStopped()) begin(sourceRate); },
      (samples, dropped) => { if (!isStopped()) take(samples, dropped); },
      () => { if (!isStopped()) end("error", "The microphone has gone. Connect it again, or choose a file."); },
    );
    if (isStopped()) return stop();
    stopSource = () => { session++; stop(); };
    view.state("listening", `The microphone, ${resampler.step * rate} Hz. The first answer comes after ${data.window_s} s.`);
  }),
  choose: () => byId("file").click(),
  example: () => runFile("The example", async () => Uint8Array.from(atob(data.example), one => one.charCodeAt(0)).buffer),
  stop: () => end("ready", "Stopped."),
};

function runFile(name, bytes) {
  return run(name, async isStopped => {
    const buffer = await decode(await bytes(), name);
    if (isStopped()) return;
    begin(buffer.sampleRate);
    view.state("listening", `${name}: ${clock(buffer.duration)} at ${buffer.sampleRate} Hz.`);
    await play(buffer, byId("aloud").checked, take, isStopped);
    if (isStopped()) return;
    finish();
    end("ready", `${name}: at its end, ${clock(buffer.duration)}.`);
  });
}

for (const [id, way] of Object.entries(WAYS)) byId(id).addEventListener("click", way);
byId("file").addEventListener("change", ({ target }) => {
  const [file] = target.files;
  if (file) runFile(file.name, () => file.arrayBuffer());
  target.value = "";
});
addEventListener("dragover", event => {
  event.preventDefault();
  document.body.classList.add("dropping");
});
addEventListener("dragleave", () => document.body.classList.remove("dropping"));
addEventListener("drop", event => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  const [file] = event.dataTransfer.files;
  if (file && document.body.dataset.state !== "loading") runFile(file.name, () => file.arrayBuffer());
});

ready.then(() => {
  for (const id of CONTROLS) byId(id).disabled = false;
  view.state("ready", "Ready. Choose what to classify.");
  if (location.hash === "#example") WAYS.example();
}, () => view.state("error", "This browser cannot run the model: it needs WebAssembly with SIMD, as browsers have had since "
  + "2023 (Chrome 91, Firefox 113, Safari 16.4). Open the page in a newer one."));
