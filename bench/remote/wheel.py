"""The wheel of the genrekit that runs now: built from its source, or packed again from what is installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

from ...runtime.errors import Failure, MissingFileError, ParameterError

NAME = "genrekit"
SOURCE = Path(__file__).parents[2]
BESIDE = ("pyproject.toml", "README.md", "LICENSE")
OF_THE_INSTALLER = ("INSTALLER", "REQUESTED", "direct_url.json")  # what it adds to the files of a wheel
NAME_ONE = "name a built one with --wheel FILE"


def find_wheel(folder: Path, given: Path | None = None) -> Path:
    """The wheel to send to a device: `given`, or one that is made in `folder`.

    Raises:
        MissingFileError, ParameterError: `given` is not there, or no wheel of genrekit.
        Failure: none can be made.
    """
    if given:
        if not given.is_file():
            raise MissingFileError(f"wheel={given}: expected a wheel of genrekit, found no file; check the path")
        if not given.name.startswith(f"{NAME}-") or given.suffix != ".whl" or not zipfile.is_zipfile(given):
            raise ParameterError(f"wheel={given}: expected {NAME}-VERSION-py3-none-any.whl, as `pip wheel` makes it")
        return given
    if all((SOURCE / name).exists() for name in BESIDE):
        return build_wheel(folder)
    try:
        return pack_wheel(metadata.distribution(NAME), folder)
    except metadata.PackageNotFoundError as error:
        raise Failure(f"this genrekit is neither a checkout nor installed; {NAME_ONE}") from error


def build_wheel(folder: Path, source: Path = SOURCE) -> Path:
    """The wheel of a checkout, built from a copy, so that nothing is left in it; raises Failure."""
    copy = folder / "source"
    for package in source.glob("*/__init__.py"):
        folder_name = package.parent.name
        shutil.copytree(package.parent, copy / folder_name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in BESIDE:
        shutil.copy(source / name, copy)
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--no-deps", "--wheel-dir"]
    for options in (["--no-build-isolation"], []):  # with the setuptools at hand, or with one from an index
        done = subprocess.run([*command, str(folder), *options, str(copy)], capture_output=True, text=True)
        if done.returncode == 0:
            return next(folder.glob(f"{NAME}-*.whl"))
    last = (done.stderr.strip().splitlines() or ["pip says nothing"])[-1]
    raise Failure(f"the wheel of {source} cannot be built ({last}); {NAME_ONE}")


def pack_wheel(distribution: metadata.Distribution, folder: Path) -> Path:
    """The wheel that `distribution` was installed from, packed again of its files."""
    information = f"{NAME}-{distribution.version}.dist-info"
    wheel = folder / f"{NAME}-{distribution.version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in distribution.files or ():
            if file.parts[0] in (NAME, information) and file.suffix != ".pyc" and file.name not in OF_THE_INSTALLER:
                archive.write(str(file.locate()), file.as_posix())
    return wheel
