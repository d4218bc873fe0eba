"""What pyproject.toml cannot say: where there is a compiler, the front end in C is compiled; else numpy does it."""

from __future__ import annotations

import importlib.util
import platform
import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.editable_wheel import editable_wheel

# By its path: the package wants numpy, which is not there yet.
spec = importlib.util.spec_from_file_location("native_build", Path(__file__).with_name("runtime") / "native_build.py")
native_build = importlib.util.module_from_spec(spec)
spec.loader.exec_module(native_build)


def build_library(folder: Path) -> bool:
    """Whether the library stands in `folder` now; what `pip install -v` shows says why not."""
    try:
        print(f"compiled {native_build.build(folder)}")
    except native_build.BuildError as error:
        print(f"the front end stays numpy's: {error}")
        return False
    return True


class Wheel(bdist_wheel):
    """py3-none-PLATFORM with the library, which no Python's own interface binds, or py3-none-any without."""

    def run(self) -> None:
        """Compile into the folder that becomes the wheel, then fill it."""
        shutil.rmtree(self.bdist_dir, ignore_errors=True)  # of a build that was broken off
        if build_library(Path(self.bdist_dir, "genrekit", "runtime")):
            self.root_is_pure = False
            self.distribution.has_ext_modules = lambda: True  # the command `install` asks this
        super().run()

    def get_tag(self) -> tuple[str, str, str]:
        """The tag, with the platform where the library is in."""
        tag = super().get_tag()
        # A Python for both processors of a Mac has a compiler for the one that it runs on.
        return tag if self.root_is_pure else ("py3", "none", tag[2].replace("universal2", platform.machine()))


class EditableWheel(editable_wheel):
    """The library stands in the checkout, as all that is editable."""

    def run(self) -> None:
        """Compile, then do as for the rest."""
        build_library(native_build.FOLDER)
        super().run()


setup(cmdclass={"bdist_wheel": Wheel, "editable_wheel": EditableWheel})
