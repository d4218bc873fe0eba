"""Folders of C on Cortex-M: cross-compiled, their self-test run by QEMU, and what they take.

``python -m tests.cortex_m FOLDER...`` exits with 1 where a self-test fails or a folder takes more than it may.
Instructions are counted by QEMU, which says nothing about time: a processor takes one to two cycles for each.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from genrekit.runtime.modelfile.reader import read_description

HERE = Path(__file__).parent
COMPILER, QEMU = "arm-none-eabi-gcc", "qemu-system-arm"
LINKED = ("-T", str(HERE / "board.ld"), "-Wl,--gc-sections", "-lm")
ROOM = 2**20  # bytes of memory where it does not matter
STRIDE_S = 0.5


@dataclasses.dataclass(frozen=True)
class Board:
    """A processor, the board of QEMU's that has it, and options of the compiler."""

    name: str
    machine: str
    options: tuple[str, ...]


BOARDS = (
    Board("Cortex-M4F", "mps2-an386", ("-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard")),
    Board("Cortex-M7", "mps2-an500", ("-mcpu=cortex-m7", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard")),
    Board("Cortex-M3, no FPU", "mps2-an385", ("-mcpu=cortex-m3",)),
)
# By the front end's rate: bytes that cnn-int8 without top_db may take in flash and in RAM.
LIMITS = {16000: (150_000, 64_000), 22050: (None, 192_000)}


class Folder:
    """A folder of C, compiled for a board."""

    def __init__(self, path: Path, board: Board, level: str, scratch: Path) -> None:
        config = read_description(path).front_end
        stride = config.stride_frames(STRIDE_S)
        self._path, self._board, self._scratch = path, board, scratch
        self._flags = ("-std=c99", "-mthumb", *board.options, level, "-ffunction-sections", "-fdata-sections",
                       f"-DSTRIDE_FRAMES={stride}", f"-I{path}")  # fmt: skip
        sources = [source for source in sorted(path.glob("*.c")) if source.name != "main.c"]
        subprocess.run([COMPILER, *self._flags, "-c", *sources], cwd=scratch, check=True)
        self._objects = sorted(scratch.glob("*.o"))

    def self_test(self) -> str:
        """What the folder's own self-test says."""
        return self._run("self-test", self._path / "main.c", "-DGENREKIT_SELF_TEST", f"-DGENREKIT_STATIC_BYTES={ROOM}")

    def counts(self) -> dict[str, int]:
        """What count.c counts."""
        counted: dict[str, int] = json.loads(self._run("count", HERE / "count.c", f"-DSTATE_BYTES={ROOM}"))
        return counted

    def sizes(self, state_bytes: int) -> tuple[int, int]:
        """Bytes of flash and of RAM, without stack, of a firmware that does nothing else."""
        elf = self._linked("firmware", HERE / "firmware.c", "nosys", f"-DSTATE_BYTES={state_bytes}")
        told = subprocess.run(["arm-none-eabi-size", elf], capture_output=True, text=True, check=True).stdout
        text, data, zeros = map(int, told.splitlines()[1].split()[:3])
        return text + data, data + zeros

    def _linked(self, name: str, source: Path, system: str, *options: str) -> Path:
        elf = self._scratch / f"{name}.elf"
        command = [COMPILER, *self._flags, *options, HERE / "start.c", source, *self._objects, *LINKED]
        subprocess.run([*command, f"--specs={system}.specs", "-o", elf], check=True)
        return elf

    def _run(self, name: str, source: Path, *options: str) -> str:
        elf = self._linked(name, source, "rdimon", *options)
        emulator = [QEMU, "-M", self._board.machine, "-icount", "shift=0", "-nographic", "-monitor", "none",
                    "-serial", "none", "-semihosting-config", "enable=on,target=native", "-kernel", elf]  # fmt: skip
        return subprocess.run(emulator, capture_output=True, text=True, timeout=600).stdout


def main(folders: list[Path]) -> int:
    """Print a line for each folder, board and level; return the exit code."""
    for program in (COMPILER, QEMU):
        if not shutil.which(program):
            sys.exit(f"no {program}; run: apt install gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm")
    return int(not all([_passes(path.resolve(), board, level) for path in folders for board, level in _cases()]))


def _cases() -> list[tuple[Board, str]]:
    return [(board, level) for board in BOARDS for level in ("-Os", "-O2")]


def _passes(path: Path, board: Board, level: str) -> bool:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Folder(path, board, level, Path(scratch))
        said, counts = folder.self_test(), folder.counts()
        flash, ram = folder.sizes(counts["state_bytes"])
    ram += counts["stack_bytes"]
    description = read_description(path)
    limited = description.precision == "int8" and description.model == "cnn" and description.front_end.top_db is None
    most_flash, most_ram = LIMITS.get(description.front_end.sample_rate, (None, None)) if limited else (None, None)
    passed = "PASS" in said and flash <= (most_flash or flash) and ram <= (most_ram or ram)
    print(
        f"{path.name} ({description.front_end.sample_rate} Hz), {board.name}, {level}: "
        f"self-test {'passes' if 'PASS' in said else f'fails: {said}'}; "
        f"flash {flash:,} bytes{f' (at most {most_flash:,})' if most_flash else ''}, "
        f"RAM {ram:,}{f' (at most {most_ram:,})' if most_ram else ''}, {counts['stack_bytes']:,} of it stack; "
        f"{counts['window'] / 1e6:.1f} M instructions a window, {counts['second'] / 1e6:.1f} M a second of a stream",
        flush=True,
    )
    return passed


if __name__ == "__main__":
    sys.exit(main([Path(argument) for argument in sys.argv[1:]]))
