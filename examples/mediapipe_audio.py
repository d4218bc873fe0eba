"""Scores of each window of a recording, with MediaPipe alone: python mediapipe_audio.py MODEL clip.wav."""

import sys
import wave

import numpy as np
from mediapipe.tasks.python import BaseOptions, audio  # pip install mediapipe
from mediapipe.tasks.python.components.containers import AudioData

model, clip = sys.argv[1:]
with wave.open(clip) as file:  # 16 bit; MediaPipe resamples and cuts into windows by itself
    samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels()).mean(axis=1)
    data = AudioData.create_from_array((samples / 32768).astype(np.float32), file.getframerate())
options = audio.AudioClassifierOptions(base_options=BaseOptions(model_asset_path=model))
with audio.AudioClassifier.create_from_options(options) as classifier:
    for window in classifier.classify(data):
        for category in window.classifications[0].categories:
            print(f"{window.timestamp_ms} {category.score:.4f} {category.category_name}")
