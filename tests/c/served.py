"""Front ends in C for another process: requests come pickled on standard input, answers go to standard output.

Run with a sanitizer's runtime in LD_PRELOAD and the path of a library that was compiled with it. All arrays that C is
given are as large as it asked for, so that the sanitizer sees what reaches beyond them, and ends this process.
"""

import pickle
import sys
from pathlib import Path

import numpy as np

from genrekit.runtime.native import NativeFrames, NativeMfcc, load_library


def whole(library, instructions, config, samples):
    """MFCC of `samples` as one window."""
    computer = NativeMfcc(config, library, instructions)
    return computer.cepstrum(computer.log_mel(samples))


def best(library):
    """Number of the widest instructions that can be had here."""
    return library.genrekit_best_instructions()


def streamed(library, instructions, config, stride_frames, samples, lengths):
    """MFCC of the windows of `samples`, pushed in chunks of `lengths`, over and over."""
    frames, windows = NativeFrames(config, stride_frames, library, instructions), []
    position, due, turn = 0, config.window_samples, 0
    while position < len(samples):
        end = min(position + lengths[turn % len(lengths)], due, len(samples))
        frames.take(samples[position:end].copy())  # of exactly this length
        position, turn = end, turn + 1
        if position == due:
            windows.append(frames.window_mfcc(samples))
            due += stride_frames * config.hop_length
    return windows


def main():
    """Answer until there are no more requests; an exception is an answer, too."""
    library = load_library(Path(sys.argv[1]))
    answers, functions = sys.stdout.buffer, {"best": best, "whole": whole, "streamed": streamed}
    np.seterr(all="raise")
    while True:
        try:
            name, *arguments = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            answer = functions[name](library, *arguments)
        except Exception as error:
            answer = error
        pickle.dump(answer, answers)
        answers.flush()


if __name__ == "__main__":
    main()
