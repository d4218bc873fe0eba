"""`genrekit export --target c` as a user runs it, on a tiny model: a folder that is proven, or a sentence."""

from __future__ import annotations

import json
import shutil
import subprocess

import keras
import numpy as np
import pytest
from keras import layers

from genrekit.converters.verify.c_folder import compiler
from genrekit.runtime import MfccConfig

pytestmark = pytest.mark.skipif(compiler() is None, reason="no make and C compiler: apt install gcc make")

LABELS = ("flutes", "bells", "drones")
FRONT_END = dict(sample_rate=8000, n_fft=256, hop_length=128, n_mels=20, n_mfcc=5, window_s=0.5)
NORMALIZATION = {"mean": [-60.0, 5.0, 0.0, 0.0, 0.0], "std": [60.0, 40.0, 30.0, 20.0, 20.0]}
SHAPE = (MfccConfig(**FRONT_END).window_frames, FRONT_END["n_mfcc"])
QUICK = "-O0 -DGK_LANES=1"
WRONG_LIBM = "#include <math.h>\n#define expf fabsf\n"
# The C folder of the contract, but for the layers.
FILES = {
    *("genrekit.h", "mfcc.c", "stream.c", "answer.c", "classifier.c", "model.c", "model.h", "golden.h", "main.c"),
    *("Makefile", "CMakeLists.txt", "README.md", "LICENSE", "conv.c", "softmax.c"),
}
FOLDER = "tiny-float32-c"
MICROPHONE = """
size_t read_microphone(int16_t *samples, size_t most) { return fread(samples, sizeof *samples, most, stdin); }
"""


@pytest.fixture(scope="module")
def inputs(tmp_path_factory, corpus_folder):
    """The command for a model of one's own, and what it says about it."""
    folder = tmp_path_factory.mktemp("inputs")
    for name, activation in (("tiny", None), ("gelu", "gelu")):
        keras.utils.set_random_seed(2)
        hidden = [layers.Dense(4, activation)] if activation else []
        stages = [layers.Flatten(), *hidden]
        keras.Sequential([keras.Input(SHAPE), *stages, layers.Dense(3, "softmax")]).save(folder / f"{name}.keras")
    (folder / "labels.txt").write_text("\n".join(LABELS) + "\n")
    (folder / "front_end.json").write_text(json.dumps({**FRONT_END, "normalization": NORMALIZATION}))
    files = ("--labels", folder / "labels.txt", "--front-end", folder / "front_end.json", "--data", corpus_folder)
    return lambda model: (folder / f"{model}.keras", *files)


@pytest.fixture(scope="module")
def export(genrekit, inputs):
    """Runs `genrekit export` into a folder, with float32 and target c."""

    def run(out, *options, model="tiny", flags=QUICK, **env):
        arguments = ("export", *inputs(model), "--out", out, "--target", "c", "--precision", "float32", *options)
        return genrekit(*arguments, env={"CFLAGS": flags, **env})

    return run


@pytest.fixture(scope="module")
def kept(export, tmp_path_factory):
    """The finished command and the folder that it wrote into."""
    out = tmp_path_factory.mktemp("kept")
    process = export(out)
    assert process.returncode == 0, process.stderr
    return process, out


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def one_sentence(process):
    """What was said of the folder, on standard error."""
    (sentence,) = process.stderr.splitlines()
    assert sentence.startswith("genrekit: ")
    return sentence


def left_in(out):
    """What an export left beside its parity.json."""
    return sorted(path.name for path in out.iterdir() if path.name != "parity.json") if out.exists() else []


def test_a_folder_is_written_and_proven(kept, genrekit):
    process, out = kept
    assert FOLDER in process.stdout
    assert "agreement 100.0%" in process.stdout
    assert left_in(out) == [FOLDER]
    names = set(contents(out / FOLDER))
    assert names >= FILES
    assert not [name for name in names if name.endswith("_int8.c") or "lstm" in name or "pool" in name]
    (row,) = json.loads((out / "parity.json").read_text())
    assert (row["file"], row["format"], row["precision"], row["passed"]) == (FOLDER, "c", "float32", True)
    assert row["max_abs_error"] < 1e-4
    assert row["windows"] > 10
    shown = json.loads(genrekit("inspect", out / FOLDER, "--json").stdout)
    assert (shown["format"], shown["labels"]) == ("c", list(LABELS))


def test_its_readme_tells_what_it_takes_and_its_example_is_a_program(kept, tmp_path):
    folder = shutil.copytree(kept[1] / FOLDER, tmp_path / FOLDER)
    (row,) = json.loads((kept[1] / "parity.json").read_text())
    text = (folder / "README.md").read_text()
    assert all(str(row[name]) in text for name in ("bytes", "state_bytes", "board_state_bytes"))
    assert "$" not in text
    _, _, rest = text.partition("## In a program\n")
    example = "".join(
        f"{line[4:]}\n" for line in rest.partition("\n## ")[0].splitlines() if line.startswith("    ") or not line
    )
    (folder / "main.c").write_text(example + MICROPHONE)
    make = ["make", "-s", f"CC={' '.join(compiler())}", f"CFLAGS={QUICK} -Wall -Wextra -Werror"]
    subprocess.run(make, cwd=folder, check=True)
    samples = np.random.default_rng(1).integers(-(2**12), 2**12, 8000).astype("<i2")
    done = subprocess.run([folder / "classify"], input=samples.tobytes(), capture_output=True, text=False)
    assert done.returncode == 0
    assert len(done.stdout.split()) == 2
    assert {*done.stdout.decode().split()} <= {*LABELS, "unknown"}


def test_an_export_again_gives_the_same_bytes_and_leaves_files_of_ones_own(kept, export, tmp_path):
    _, out = kept
    shutil.copytree(out, tmp_path, dirs_exist_ok=True)
    (tmp_path / FOLDER / "model.c").write_text("old")
    assert export(tmp_path).returncode == 0
    assert contents(tmp_path / FOLDER) == contents(out / FOLDER)
    (tmp_path / FOLDER / "notes.txt").write_text("mine")
    (tmp_path / FOLDER / "model.c").write_text("old")
    process = export(tmp_path)
    assert process.returncode == 2
    assert "found notes.txt" in one_sentence(process)
    assert (tmp_path / FOLDER / "model.c").read_text() == "old"


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--target", "c", "--format", "onnx"), "onnx"),
        (("--target", "c", "--precision", "dynamic"), "dynamic"),
        (("--target", "c", "--precision", "float16"), "float16"),
        (("--target", "c", "--batch", "dynamic"), "batch"),
        (("--target", "micro", "--max-ram", 1000), "--max-ram"),
        (("--max-ram", 1000), "--max-ram"),
    ],
)
def test_what_does_not_go_together_is_refused(genrekit, inputs, tmp_path, options, named):
    process = genrekit("export", *inputs("tiny"), "--out", tmp_path / "models", *options)
    assert process.returncode == 2
    assert named in one_sentence(process)
    assert not (tmp_path / "models").exists()


def test_too_little_memory_says_what_would_fit(kept, export, tmp_path):
    (row,) = json.loads((kept[1] / "parity.json").read_text())
    process = export(tmp_path, "--max-ram", row["board_state_bytes"] - 1)
    assert process.returncode == 2
    assert f"at least the {row['board_state_bytes']:,} bytes" in one_sentence(process)
    assert "--top-db none" in process.stderr
    assert left_in(tmp_path) == []


def test_an_operator_without_a_layer_is_named(export, tmp_path):
    process = export(tmp_path, model="gelu")
    assert process.returncode == 2
    assert "operator GELU: expected CONV_2D" in one_sentence(process)
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("keep", [False, True])
def test_without_a_compiler_nothing_is_proven(export, tmp_path, keep):
    process = export(tmp_path / "models", *["--keep"] * keep, PATH=str(tmp_path), CC="")
    assert process.returncode == (0 if keep else 1)
    assert "not proven" in one_sentence(process)
    assert left_in(tmp_path / "models") == [FOLDER] * keep
    if keep:
        assert "not proven" in (tmp_path / "models" / FOLDER / "README.md").read_text()


@pytest.mark.parametrize("keep", [False, True])
def test_a_folder_that_computes_something_else_is_not_kept(export, tmp_path, tmp_path_factory, keep):
    header = tmp_path_factory.mktemp("wrong") / "libm.h"
    header.write_text(WRONG_LIBM)
    process = export(tmp_path, *["--keep"] * keep, flags=f"{QUICK} -D_POSIX_C_SOURCE=199309L -include {header}")
    assert process.returncode == 1
    assert f"{FOLDER} was not kept" in one_sentence(process)
    assert left_in(tmp_path) == [f"{FOLDER}.failed"] * keep
