"""C -> WebAssembly that asks nothing of its host, by the compiler of the extra `cross`."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ...runtime.errors import Failure, MissingPackageError
from ...runtime.native_build import first_error

WEB = Path(__file__).with_name("web") / "web.c"
MODULE = "model.wasm"
COMPILER = ("-m", "ziglang", "cc", "-target", "wasm32-wasi")
FLAGS = ("-mexec-model=reactor", "-std=c99", "-O3", "-msimd128", "-s")


def require_compiler() -> None:
    """Raise MissingPackageError where there is no compiler."""
    if importlib.util.find_spec("ziglang") is None:
        raise MissingPackageError(
            "target=web: compiling to WebAssembly needs ziglang, which is not installed; run: "
            'pip install "genrekit[cross]"'
        )


def compile_wasm(files: Mapping[str, bytes]) -> bytes:
    """A module of C `files` by name, with SIMD, as a reactor without imports.

    Raises:
        MissingPackageError: there is no compiler.
        Failure: it fails.
    """
    require_compiler()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name, data in files.items():
            (folder / name).write_bytes(data)
        sources = sorted(name for name in files if name.endswith(".c"))
        command = [sys.executable, *COMPILER, *FLAGS, "-o", MODULE, *sources]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace")
        if done.returncode:
            reason = first_error(done.stderr, done.returncode)
            raise Failure(f"target=web: ziglang does not compile the model ({reason})")
        return (folder / MODULE).read_bytes()
