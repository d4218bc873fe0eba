// Where sound comes from: a microphone, or a file of any format that the browser decodes.
const MOST_WAITING_S = 2; // seconds of audio that may wait for a slow page
const ANY_RATE = 48000; // at which a file is decoded whose own rate is not found

// In the audio thread: mono blocks; what the page is too slow for is dropped and counted.
const CAPTURE = `registerProcessor("capture", class extends AudioWorkletProcessor {
  constructor() {
    super();
    Object.assign(this, { block: new Float32Array(2048), filled: 0, waiting: 0, dropped: 0 });
    this.most = Math.ceil(${MOST_WAITING_S} * sampleRate / 2048);
    this.port.onmessage = () => this.waiting--;
  }
  process([channels]) {
    for (let i = 0; channels.length && i < channels[0].length; i++) {
      let sum = 0;
      for (const channel of channels) sum += channel[i];
      this.block[this.filled++] = sum / channels.length;
      if (this.filled === this.block.length) this.send();
    }
    return true;
  }
  send() {
    this.filled = 0;
    if (this.waiting >= this.most) {
      this.dropped += this.block.length;
      return;
    }
    this.waiting++;
    this.port.postMessage({ samples: this.block.slice(), dropped: this.dropped });
    this.dropped = 0;
  }
});`;

/** An error whose message is a sentence for the reader. */
class SourceError extends Error {}

/** Opens the microphone; calls `take(samples, dropped)` at the rate that `begin` was told. Returns what stops it. */
async function openMicrophone(begin, take, ended) {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new SourceError("This browser gives no microphone to a page of this address: it wants https, localhost or a "
      + "file on this device. Choose a file or the example instead.");
  }
  const wanted = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  let media;
  try {
    media = await navigator.mediaDevices.getUserMedia({ audio: wanted });
  } catch (error) {
    throw new SourceError(error.name === "NotFoundError"
      ? "No microphone was found. Connect one, or choose a file or the example instead."
      : "The microphone was refused. Allow it in the browser's settings for this page, or choose a file instead.");
  }
  const context = new AudioContext();
  await addCapture(context.audioWorklet);
  begin(context.sampleRate);
  const node = new AudioWorkletNode(context, "capture", { numberOfOutputs: 0 });
  node.port.onmessage = ({ data: { samples, dropped } }) => {
    take(samples, dropped);
    node.port.postMessage(null);
  };
  context.createMediaStreamSource(media).connect(node);
  media.getTracks()[0].addEventListener("ended", ended);
  await context.resume();
  return () => {
    node.port.onmessage = null;
    media.getTracks().forEach(track => track.stop());
    context.close();
  };
}

/** Of a page on file://, Chromium takes no blob for a worklet, but an address that holds the text itself. */
async function addCapture(worklet) {
  try {
    await worklet.addModule(`data:text/javascript,${encodeURIComponent(CAPTURE)}`);
  } catch {
    await worklet.addModule(URL.createObjectURL(new Blob([CAPTURE], { type: "text/javascript" })));
  }
}

/** A file's bytes as an AudioBuffer of its own rate. */
async function decode(bytes, name) {
  let rate = ownRate(new DataView(bytes)) ?? ANY_RATE;
  for (;; rate = ANY_RATE) {
    try {
      // A context of this rate, since it decodes to its own; a copy, since the bytes are taken away.
      return await new OfflineAudioContext(1, 1, rate).decodeAudioData(bytes.slice(0));
    } catch {
      if (rate === ANY_RATE) {
        throw new SourceError(`${name}: expected audio that this browser decodes, such as WAV, MP3, FLAC, Ogg or M4A; `
          + "choose another file.");
      }
    }
  }
}

/** The sample rate that a WAV, FLAC, Ogg or MP3 says; undefined of others. */
function ownRate(view) {
  const tag = (at, text) => at + text.length <= view.byteLength
    && [...text].every((one, i) => view.getUint8(at + i) === one.charCodeAt(0));
  if (tag(0, "RIFF")) {
    for (let at = 12; at + 16 <= view.byteLength; at += 8 + view.getUint32(at + 4, true) + view.getUint32(at + 4, true) % 2) {
      if (tag(at, "fmt ")) return view.getUint32(at + 12, true);
    }
  }
  if (tag(0, "fLaC") && view.byteLength > 22) return view.getUint32(17) >>> 12 & 0xfffff;
  if (tag(0, "OggS") && tag(28, "\x01vorbis") && view.byteLength > 44) return view.getUint32(40, true);
  return tag(0, "OggS") ? undefined : rateOfMp3(view, tag(0, "ID3") ? 10 : 0);
}

function rateOfMp3(view, tagBytes) {
  let at = tagBytes;
  for (let i = 6; tagBytes && i < 10; i++) at += view.getUint8(i) << 7 * (9 - i);
  if (at + 4 > view.byteLength || view.getUint16(at) < 0xffe0) return undefined;
  const version = view.getUint8(at + 1) >> 3 & 3, rate = [44100, 48000, 32000][view.getUint8(at + 2) >> 2 & 3];
  return rate && rate / { 3: 1, 2: 2, 0: 4 }[version] || undefined;
}

function mono(buffer) {
  const mixed = buffer.getChannelData(0).slice(), { numberOfChannels: channels } = buffer;
  for (let channel = 1; channel < channels; channel++) {
    const values = buffer.getChannelData(channel);
    for (let i = 0; i < mixed.length; i++) mixed[i] += values[i];
  }
  if (channels > 1) for (let i = 0; i < mixed.length; i++) mixed[i] /= channels;
  return mixed;
}

/** Hands out a buffer's samples a tenth of a second at a time: as fast as they are taken, or as they are heard. */
async function play(buffer, aloud, take, isStopped) {
  const samples = mono(buffer), rate = buffer.sampleRate, block = Math.ceil(rate / 10);
  let context, began;
  if (aloud) {
    context = new AudioContext();
    await context.resume();
    const node = new AudioBufferSourceNode(context, { buffer });
    node.connect(context.destination);
    node.start();
    began = context.currentTime;
  }
  try {
    for (let first = 0; first < samples.length && !isStopped(); first += block) {
      const due = () => context.currentTime - began >= Math.min(samples.length, first + block) / rate;
      do await pause(aloud ? 20 : 0); while (aloud && !due() && !isStopped());
      if (!isStopped()) take(samples.subarray(first, first + block));
    }
  } finally {
    await context?.close();
  }
}

function pause(ms) {
  return new Promise(resolve => setTimeout(resolve, ms));
}
