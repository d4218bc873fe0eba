"""Streams beside each other, in one thread and in several, decide as each does alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from genrekit.runtime import StreamClassifier, load

pytestmark = pytest.mark.usefixtures("each_front_end")

THREADS = 8
FILES = [("dense", "tflite", "int8"), ("lstm", "tflite"), ("dense", "onnx"), ("lstm", "onnx")]


@pytest.fixture(scope="module")
def audio(tiny_windows):
    """Of each stream another order of the windows, in blocks that fit none of them."""
    orders = [np.random.default_rng(seed).permutation(np.tile(np.arange(8), 2)) for seed in range(THREADS)]
    return [np.array_split(np.concatenate(tiny_windows[order]), 91) for order in orders]


def decided(path, blocks):
    stream = StreamClassifier(load(path), stride_s=0.1)
    return [prediction for block in blocks for prediction in stream.push(block)]


@pytest.mark.parametrize("file", FILES, ids="-".join)
def test_eight_threads_with_a_model_each_decide_as_one(tiny_models, audio, file):
    path = tiny_models(*file)
    alone = [decided(path, blocks) for blocks in audio]
    with ThreadPoolExecutor(THREADS) as pool:
        together = list(pool.map(lambda blocks: decided(path, blocks), audio))
    assert together == alone
    assert all(len(predictions) > 60 for predictions in alone)
    assert len({str(predictions) for predictions in alone}) == THREADS  # so that one could be taken for another


@pytest.mark.parametrize("file", FILES, ids="-".join)
def test_two_streams_of_one_model_do_not_meet(tiny_models, audio, file):
    model = load(tiny_models(*file))
    streams = [StreamClassifier(model, stride_s=0.1) for _ in range(2)]
    found = [[], []]
    for blocks in zip(*audio[:2], strict=True):
        for stream, block, predictions in zip(streams, blocks, found, strict=True):
            predictions += stream.push(block)
    assert found == [decided(tiny_models(*file), blocks) for blocks in audio[:2]]
