"""A window of sound -> scores, with LiteRT alone: python litert.py cnn-float32-audio.tflite clip.wav."""

import sys
import zipfile

import numpy as np
import soundfile  # pip install ai-edge-litert soundfile
from ai_edge_litert.interpreter import Interpreter

model, clip = sys.argv[1:]
classify = Interpreter(model).get_signature_runner()
length = classify.get_input_details()["samples"]["shape"][1]  # a window, at the rate that `genrekit inspect` shows
samples, rate = soundfile.read(clip, frames=length, dtype="float32", always_2d=True)
mono = samples.mean(axis=1)
window = np.pad(mono, (0, length - len(mono)))[np.newaxis]
scores = classify(samples=window)["probabilities"][0]
for label, score in zip(zipfile.ZipFile(model).read("labels.txt").decode().splitlines(), scores, strict=True):
    print(f"{score:.4f} {label}")
