"""The wheel of the genrekit that runs now, without a library or with that of another machine.

Built from its source, or packed again from what is installed.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from ...runtime.errors import Failure, MissingFileError, ParameterError
from ...runtime.native_build import DIGEST, BuildError, digest_of
from ...runtime.util.atomic import replacing
from .platforms import PLATFORMS, Library, Machine, compile_for

NAME = "genrekit"
SOURCE = Path(__file__).parents[2]
BESIDE = ("pyproject.toml", "README.md", "LICENSE")
OF_THE_INSTALLER = ("INSTALLER", "REQUESTED", "RECORD", "direct_url.json")  # what it adds to a wheel's files or changes
LIBRARIES = {each.library_name + end for each in PLATFORMS for end in ("", DIGEST)}
EPOCH = (1980, 1, 1, 0, 0, 0)  # of all files, so that the same contents make the same wheel
NAME_ONE = "name a built one with --wheel FILE"

Files = dict[str, bytes]  # of a wheel, by path, without its RECORD


def require_wheel(given: Path) -> None:
    """Raise MissingFileError or ParameterError where `given` is not there, or no wheel of genrekit."""
    if not given.is_file():
        raise MissingFileError(f"wheel={given}: expected a wheel of genrekit, found no file; check the path")
    if not given.name.startswith(f"{NAME}-") or given.suffix != ".whl" or not zipfile.is_zipfile(given):
        raise ParameterError(f"wheel={given}: expected {NAME}-VERSION-py3-none-PLATFORM.whl, as `make wheels` makes it")


def make_wheel(folder: Path, machine: Machine, say: Callable[[str], None]) -> Path:
    """A wheel in `folder` with the library for `machine`, or without one, of which `say` is told; raises Failure."""
    files = pure_files(folder)
    try:
        library = compile_for(machine)
    except BuildError as error:
        say(f"the device computes its features with numpy: {error}")
        library = None
    return write_wheel(folder, files, library)


def pure_files(folder: Path) -> Files:
    """The files of a wheel without a library; what it takes to build one is left in `folder`.

    Raises:
        Failure: it cannot be made.
    """
    if all((SOURCE / name).exists() for name in BESIDE):
        return _built(folder)
    try:
        return _installed(metadata.distribution(NAME))
    except metadata.PackageNotFoundError as error:
        raise Failure(f"this genrekit is neither a checkout nor installed; {NAME_ONE}") from error


def _built(folder: Path) -> Files:
    """Of the checkout, from a copy, so that nothing is left in it, and without setup.py, which would compile."""
    copy = folder / "source"
    for package in SOURCE.glob("*/__init__.py"):
        shutil.copytree(package.parent, copy / package.parent.name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in BESIDE:
        shutil.copy(SOURCE / name, copy)
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--no-deps", "--wheel-dir"]
    for options in (["--no-build-isolation"], []):  # with the setuptools at hand, or with one from an index
        done = subprocess.run([*command, str(folder / "built"), *options, str(copy)], capture_output=True, text=True)
        if done.returncode == 0:
            with zipfile.ZipFile(next((folder / "built").glob(f"{NAME}-*.whl"))) as archive:
                return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/RECORD")}
    last = (done.stderr.strip().splitlines() or ["pip says nothing"])[-1]
    raise Failure(f"the wheel of {SOURCE} cannot be built ({last}); {NAME_ONE}")


def _installed(distribution: metadata.Distribution) -> Files:
    """Of the wheel that `distribution` was installed from, without this machine's library."""
    folders = (NAME, f"{NAME}-{distribution.version}.dist-info")
    left_out = {*OF_THE_INSTALLER, *LIBRARIES}
    return {
        file.as_posix(): Path(str(file.locate())).read_bytes()
        for file in distribution.files or ()
        if file.parts[0] in folders and file.suffix != ".pyc" and file.name not in left_out
    }


def write_wheel(folder: Path, files: Files, library: Library | None = None) -> Path:
    """Write a wheel of `files` and a library into `folder`, the same bytes each time; raises OutputError."""
    platform = library.platform if library else "any"
    information = next(name.partition("/")[0] for name in files if ".dist-info/" in name)
    files = {**files, f"{information}/WHEEL": _tagged(files[f"{information}/WHEEL"], platform)}
    if library:
        path = f"{NAME}/runtime/{library.name}"
        files |= {path: library.data, path + DIGEST: digest_of(library.data).encode()}
    record = f"{information}/RECORD"
    files[record] = _record(files, record)
    wheel = folder / f"{information.removesuffix('.dist-info')}-py3-none-{platform}.whl"
    with replacing(wheel, durable=False) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files, key=lambda name: (name.startswith(information), name)):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, files[name], zipfile.ZIP_DEFLATED)
    return wheel


def _tagged(text: bytes, platform: str) -> bytes:
    """The file WHEEL, with another platform."""
    lines = [line for line in text.decode().splitlines() if line and not line.startswith(("Tag:", "Root-Is-Purelib:"))]
    pure = str(platform == "any").lower()
    return "\n".join([*lines, f"Root-Is-Purelib: {pure}", f"Tag: py3-none-{platform}", ""]).encode()


def _record(files: Files, record: str) -> bytes:
    """The file RECORD: path, digest and size of every file but itself."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    for name, data in sorted(files.items()):
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.writerow((name, f"sha256={digest}", len(data)))
    rows.writerow((record, "", ""))
    return text.getvalue().encode()
