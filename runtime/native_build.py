"""Compiles the front end in C, whose sources every wheel carries, into the library that stands beside this file.

``python -m genrekit.runtime.native_build`` does it for this machine. Standard library only and nothing of ours, for
setup.py loads this file before there is a genrekit, and without numpy.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

BUILD_COMMAND = "python -m genrekit.runtime.native_build"
FOLDER = Path(__file__).resolve().parent
SOURCES = FOLDER / "c"
COMPILERS = ("cc", "gcc", "clang")
FLAGS = ("-std=c99", "-O3", "-ffp-contract=fast", "-fPIC", "-shared", "-fvisibility=hidden", "-DGENREKIT_SHARED")
DIGEST = ".sha256"  # behind a library's name: the file that says what its bytes must be
LOAD = "import ctypes, sys; ctypes.CDLL(sys.argv[1]).genrekit_abi()"


class BuildError(RuntimeError):
    """There is no library; the message says why and what to do, as those of `errors` do."""


def library_name(platform: str = sys.platform) -> str:
    """The library's file name where `sys.platform` is `platform`."""
    if platform == "win32":
        return "genrekit.dll"
    return "libgenrekit.dylib" if platform == "darwin" else "libgenrekit.so"


def find_compiler() -> list[str] | None:
    """The command that the environment variable CC holds, or the first of `COMPILERS`; None where there is none."""
    named = os.environ.get("CC")
    for command in COMPILERS if named is None else [named]:
        words = shlex.split(command)
        if words and (program := shutil.which(words[0])):
            return [os.path.abspath(program), *words[1:]]
    return None


def compile_library(compiler: Sequence[str], options: Sequence[str] = (), platform: str = sys.platform) -> bytes:
    """The library, compiled by `compiler` with `options` beside `FLAGS`; `platform` as in `library_name`.

    Raises:
        BuildError: the compiler cannot be started or reports an error.
    """
    name = library_name(platform)
    sources = sorted(map(str, SOURCES.glob("*.c")))
    command = [*compiler, *FLAGS, *options, "-o", name, *sources]
    # A folder of its own: some linkers leave more than what they were asked for.
    with tempfile.TemporaryDirectory(prefix="genrekit-") as folder:
        try:
            done = subprocess.run([*command, "-lm"], cwd=folder, capture_output=True, text=True, errors="replace")
            if done.returncode == 0:
                return Path(folder, name).read_bytes()
            reason = first_error(done.stderr, done.returncode)
        except OSError as error:
            reason = str(error)
    raise BuildError(f"{shlex.join(compiler)} does not compile {SOURCES} ({reason}); name another compiler in CC")


def first_error(said: str, code: int) -> str:
    """The first line of what a compiler said that tells of an error, or its last; `code` is what it ended with."""
    lines = said.strip().splitlines() or [f"it ended with {code}"]
    return next((line for line in lines if "error" in line), lines[-1]).strip()


def read_library(folder: Path = FOLDER) -> bytes | None:
    """The library that stands in `folder`; None where none does, or its bytes are not those that were written."""
    library = folder / library_name()
    try:
        data, digest = library.read_bytes(), library.with_name(library.name + DIGEST).read_text()
    except OSError:
        return None
    return data if digest == digest_of(data) else None


def digest_of(library: bytes) -> str:
    """What stands in the file `DIGEST` of a library."""
    return hashlib.sha256(library).hexdigest() + "\n"


def build(folder: Path = FOLDER) -> Path:
    """Compile for this machine into `folder`, whose old library gives way to one that this Python can load.

    Raises:
        BuildError: no compiler, one that fails or compiles for another machine, or a folder that cannot be written.
    """
    compiler = find_compiler()
    if compiler is None:
        expected = " or ".join(COMPILERS) if "CC" not in os.environ else f"CC={os.environ['CC']}"
        raise BuildError(f"no C compiler: expected {expected}; install one, on Debian: apt install gcc libc6-dev")
    data, library = compile_library(compiler), folder / library_name()
    # Not `util.atomic`: see above.
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".genrekit-", dir=folder) as beside:
            new, digest = Path(beside, library.name), Path(beside, library.name + DIGEST)
            new.write_bytes(data)
            digest.write_text(digest_of(data))
            done = subprocess.run([sys.executable, "-c", LOAD, new], capture_output=True, text=True, errors="replace")
            if done.returncode:
                reason = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
                raise BuildError(f"{shlex.join(compiler)} compiles for another machine ({reason}); name another in CC")
            new.replace(library)
            digest.replace(folder / digest.name)
    except OSError as error:
        raise BuildError(
            f"{library} cannot be written ({error.strerror}); run this as the one who installed it"
        ) from error
    return library


if __name__ == "__main__":
    try:
        print(f"compiled {build()}")
    except BuildError as error:
        sys.exit(str(error))
