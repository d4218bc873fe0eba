// The log-mel picture: columns of bytes, (dB + 100) * 255 / 160, lowest band first, newest at the right.
const SHOWN_S = 10;
const RANGE = 80 * 255 / 160; // of bytes below the loudest that are told apart
const FADE = 0.02; // of a byte a column, by which the loudest is forgotten
const RAMP = [[0, 0, 8], [58, 15, 110], [150, 40, 127], [236, 88, 88], [254, 176, 108], [252, 250, 200]];
const AXIS = 20; // pixels below the picture
const still = matchMedia("(prefers-reduced-motion: reduce)");
const STILL_MS = 1000; // between two pictures where motion is to be reduced

class Picture {
  constructor(canvas, bands, columnS) {
    Object.assign(this, { canvas, bands, columnS });
    this.columns = Math.max(1, Math.round(SHOWN_S / columnS));
    this.ring = new OffscreenCanvas(this.columns, bands);
    this.pen = this.ring.getContext("2d");
    this.palette = Uint8ClampedArray.from({ length: 1024 }, (_, i) => shade((i >> 2) / 255)[i & 3]);
    this.drawnAt = -Infinity;
    this.clear();
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  clear() {
    this.pen.clearRect(0, 0, this.columns, this.bands);
    Object.assign(this, { next: 0, endS: 0, loudest: 0 });
    this.draw();
  }

  /** `bytes` of whole columns, the last of which ends at `endS`. */
  add(bytes, endS) {
    for (let at = 0; at + this.bands <= bytes.length; at += this.bands) this.column(bytes.subarray(at, at + this.bands));
    this.endS = endS;
    if (this.asked || still.matches && performance.now() - this.drawnAt < STILL_MS) return;
    this.asked = true;
    requestAnimationFrame(() => this.draw());
  }

  column(bytes) {
    this.loudest = Math.max(this.loudest - FADE, ...bytes);
    const image = new ImageData(1, this.bands);
    for (let band = 0; band < this.bands; band++) {
      const value = Math.max(0, Math.min(1, 1 - (this.loudest - bytes[band]) / RANGE));
      const from = 4 * Math.round(255 * value);
      image.data.set(this.palette.subarray(from, from + 4), 4 * (this.bands - 1 - band));
    }
    this.pen.putImageData(image, this.next, 0);
    this.next = (this.next + 1) % this.columns;
  }

  draw() {
    this.asked = false;
    this.drawnAt = performance.now();
    const scale = devicePixelRatio || 1, { clientWidth: width, clientHeight: height } = this.canvas;
    this.canvas.width = width * scale;
    this.canvas.height = height * scale;
    const pen = this.canvas.getContext("2d"), top = height - AXIS, old = this.columns - this.next;
    pen.scale(scale, scale);
    pen.imageSmoothingEnabled = false;
    const split = width * old / this.columns;
    if (old) pen.drawImage(this.ring, this.next, 0, old, this.bands, 0, 0, split, top);
    if (this.next) pen.drawImage(this.ring, 0, 0, this.next, this.bands, split, 0, width - split, top);
    this.axis(pen, width, top);
  }

  axis(pen, width, top) {
    const style = getComputedStyle(this.canvas);
    pen.fillStyle = style.color;
    pen.font = `12px ${style.fontFamily}`;
    pen.textAlign = "center";
    pen.textBaseline = "top";
    for (let s = Math.max(0, Math.ceil((this.endS - SHOWN_S) / 2) * 2); s <= this.endS; s += 2) {
      const x = width - (this.endS - s) / SHOWN_S * width;
      pen.fillRect(x, top, 1, 4);
      if (x > 16 && x < width - 16) pen.fillText(`${s} s`, x, top + 5);
    }
  }
}

function shade(value) {
  const at = value * (RAMP.length - 1), low = Math.min(RAMP.length - 2, Math.floor(at));
  return [...RAMP[low].map((one, i) => one + (RAMP[low + 1][i] - one) * (at - low)), 255];
}
