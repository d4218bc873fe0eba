// A stream of samples from one rate to another: a windowed sinc (Kaiser), of which sample n stands exactly at the time n / to.
const STOPBAND_DB = 110, PASSBAND = 0.913; // of the lower rate's half, as soxr's HQ
const MOST_PHASES = 1024;

class Resampler {
  constructor(from, to) {
    const divisor = gcd(from, to);
    this.step = from / to;
    this.phases = Math.min(to / divisor, MOST_PHASES); // a rate with more gets the nearest
    const nyquist = Math.min(1, to / from); // of the lower rate, where 1 is that of `from`
    const width = Math.PI * nyquist * (1 - PASSBAND);
    this.half = Math.ceil((STOPBAND_DB - 8) / (2.285 * width) / 2);
    this.taps = kernels(this.phases, this.half, nyquist * (1 + PASSBAND) / 2, 0.1102 * (STOPBAND_DB - 8.7));
    this.even = from === to;
    this.reset();
  }

  reset() {
    this.kept = new Float32Array(this.half - 1); // silence before the first sample
    this.first = 1 - this.half; // index of kept[0] in the stream
    this.made = 0; // samples given out
    this.came = 0;
  }

  /** What can be computed now that `samples` have come. */
  push(samples) {
    this.came += samples.length;
    if (this.even) return samples;
    const all = new Float32Array(this.kept.length + samples.length);
    all.set(this.kept);
    all.set(samples, this.kept.length);
    const { half, phases, taps } = this, length = 2 * half, out = [];
    const last = this.first + all.length - half - 1; // before which a sample of `from` must stand
    let index = 0;
    for (;; this.made++) {
      const ticks = Math.round(this.made * this.step * phases);
      index = Math.floor(ticks / phases);
      if (index > last) break;
      const row = (ticks - index * phases) * length, at = index - half + 1 - this.first;
      let sum = 0;
      for (let i = 0; i < length; i++) sum += taps[row + i] * all[at + i];
      out.push(sum);
    }
    const needed = Math.min(all.length, Math.max(0, index - half + 1 - this.first));
    this.kept = all.slice(needed);
    this.first += needed;
    return Float32Array.from(out);
  }

  /** The rest, up to the time at which the last sample ends. */
  flush() {
    if (this.even) return new Float32Array(0);
    const left = Math.round(this.came / this.step) - this.made;
    return this.push(new Float32Array(2 * this.half)).subarray(0, Math.max(0, left));
  }
}

/** A row for each phase: what the samples from half - 1 before to half behind are multiplied by. */
function kernels(phases, half, cutoff, beta) {
  const taps = new Float32Array(phases * 2 * half), scale = bessel(beta);
  for (let phase = 0; phase < phases; phase++) {
    for (let i = 0; i < 2 * half; i++) {
      const t = i - half + 1 - phase / phases, x = Math.PI * t * cutoff, inside = 1 - (t / half) ** 2;
      const sinc = x === 0 ? 1 : Math.sin(x) / x;
      taps[phase * 2 * half + i] = inside > 0 ? cutoff * sinc * bessel(beta * Math.sqrt(inside)) / scale : 0;
    }
  }
  return taps;
}

/** The modified Bessel function of order 0. */
function bessel(x) {
  let sum = 1, term = 1;
  for (let k = 1; term > 1e-12 * sum; k++) sum += term *= (x / 2 / k) ** 2;
  return sum;
}

function gcd(a, b) {
  return b ? gcd(b, a % b) : a;
}
