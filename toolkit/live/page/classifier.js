// The model as WebAssembly, compiled from the same C as everywhere.
const AT = { end: 0, label: 8, answer: 12, level: 16, audioFraction: 24, scores: 28 }; // in a genrekit_prediction
const SILENCE = -1;

/** Of base64 of the module's zlib stream. */
async function instantiate(text) {
  const packed = Uint8Array.from(atob(text), one => one.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const { instance } = await WebAssembly.instantiate(await new Response(stream).arrayBuffer(), {});
  instance.exports._initialize();
  return instance.exports;
}

class Classifier {
  constructor(wasm, data, strideHops) {
    Object.assign(this, { wasm, data, startS: 0 });
    this.block = wasm.block();
    this.at = wasm.open(strideHops);
    if (!this.at) throw new RangeError("this browser has too little memory for the model");
  }

  /** Forget everything; times count from `startS`. */
  reset(startS = 0) {
    this.startS = startS;
    this.wasm.reset(this.at);
  }

  /** The decisions that `samples`, at the model's rate, bring. */
  push(samples) {
    const { wasm, at } = this, decisions = [];
    for (let first = 0; first < samples.length; first += this.block) {
      const part = samples.subarray(first, first + this.block);
      new Float32Array(wasm.memory.buffer, wasm.samples(at), part.length).set(part);
      for (let taken = 0; taken < part.length;) {
        taken += wasm.push(at, taken, part.length);
        const found = wasm.due(at) ? wasm.decide(at) : 0;
        if (found) decisions.push(this.read(found));
      }
    }
    return decisions;
  }

  /** Where fewer samples than a window came, the decision on them, padded with silence. */
  flush() {
    const found = this.wasm.flush(this.at);
    return found ? [{ ...this.read(found), padded: true }] : [];
  }

  read(address) {
    const { labels, front_end: { sample_rate: rate } } = this.data;
    const view = new DataView(this.wasm.memory.buffer, address);
    const values = new Float32Array(this.wasm.memory.buffer, view.getUint32(AT.scores, true), labels.length);
    const label = labels[view.getInt32(AT.label, true)], answer = view.getInt32(AT.answer, true);
    const scores = Object.fromEntries(labels.map((name, i) => [name, values[i]]));
    return {
      time_s: Math.round(1000 * (this.startS + Number(view.getBigUint64(AT.end, true)) / rate)) / 1000,
      label,
      score: scores[label],
      scores,
      answer: labels[answer] ?? (answer === SILENCE ? "silence" : "unknown"),
    };
  }
}

/** Samples -> the columns that `Picture` draws, and their level. */
class Sound {
  constructor(wasm, data) {
    Object.assign(this, { wasm, data, at: wasm.open_picture(), room: wasm.block() });
    this.hop = data.front_end.hop_length * data.picture.every;
    this.reset();
  }

  reset() {
    this.kept = new Float32Array(0);
  }

  columns(samples) {
    const { wasm, data, at, hop, room } = this, { n_fft: length, n_mels: bands, hop_length: each } = data.front_end;
    if (!at || length > room) return new Uint8Array(0);
    let all = new Float32Array(this.kept.length + samples.length);
    all.set(this.kept);
    all.set(samples, this.kept.length);
    const made = [];
    for (let count; all.length >= length; all = all.subarray(count)) {
      const part = all.subarray(0, room);
      new Float32Array(wasm.memory.buffer, wasm.picture_samples(at), part.length).set(part);
      const rows = wasm.picture_rows(at, part.length), frames = 1 + Math.floor((part.length - length) / each);
      const values = new Float32Array(wasm.memory.buffer, rows, frames * bands);
      count = 0;
      for (let frame = 0; frame < frames; frame += data.picture.every, count += hop) {
        for (let band = 0; band < bands; band++) made.push((values[frame * bands + band] + 100) * 255 / 160);
      }
    }
    this.kept = all.slice();
    return Uint8ClampedArray.from(made);
  }
}

/** Root mean square about the mean, in dB re full scale. */
function level(samples) {
  let sum = 0, squares = 0;
  for (const one of samples) {
    sum += one;
    squares += one * one;
  }
  const power = squares / samples.length - (sum / samples.length) ** 2;
  return power > 0 ? 10 * Math.log10(power) : -Infinity;
}
