"""The machines that C can be compiled for, whichever one compiles it: the front end's library, a model's program."""

from __future__ import annotations

import importlib.util
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ...runtime import native_build
from ...runtime.errors import GenrekitError
from ...runtime.native_build import BuildError
from ..measure.c_program import make_program
from . import agent

OLDEST_GLIBC = (2, 17)
# What programs of 32 bits run on, also under a kernel of 64, as those of a Raspberry Pi may.
OF_32_BITS = {"aarch64": "armv7l", "armv8l": "armv7l", "x86_64": "i686", "AMD64": "x86"}
_VERSION = re.compile(r"(\d{1,3})\.(\d{1,3})(\.\d{1,3})?", re.ASCII)


@dataclass(frozen=True)
class Machine:
    """What decides whether a library loads: `sys.platform`, the processor, and glibc's version, None without it."""

    system: str
    processor: str
    glibc: tuple[int, int] | None = None

    @classmethod
    def of(cls, system: str, processor: str, bits: int, glibc: str) -> Machine:
        """As Python has it: `sys.platform`, `platform.machine()`, bits of a pointer, glibc's version or ""."""
        version = _VERSION.fullmatch(glibc)
        return cls(
            system,
            OF_32_BITS.get(processor, processor) if bits == 32 else processor,
            (int(version[1]), int(version[2])) if version else None,
        )

    @classmethod
    def here(cls) -> Machine:
        """The machine that this runs on."""
        return cls.of(*agent.machine())

    def __str__(self) -> str:
        glibc = f" with glibc {self.glibc[0]}.{self.glibc[1]}" if self.glibc else ""
        return f"{self.system} {self.processor}{glibc}"

    def loads_from(self, other: Machine) -> bool:
        """Whether a library loads here that was compiled on, or for, another machine."""
        is_same = (self.system, self.processor, bool(self.glibc)) == (other.system, other.processor, bool(other.glibc))
        return is_same and (self.glibc or (0, 0)) >= (other.glibc or (0, 0))


@dataclass(frozen=True)
class Library:
    """A compiled front end: the platform in the tag of its wheel, its file name, its bytes."""

    platform: str
    name: str
    data: bytes


@dataclass(frozen=True)
class Platform:
    """What has a wheel of its own: the tag, the oldest machine that it is for, and what `ziglang cc` takes for it."""

    tag: str
    oldest: Machine
    options: tuple[str, ...]

    @property
    def library_name(self) -> str:
        """The file name of its library."""
        return native_build.library_name(self.oldest.system)

    def compile(self) -> Library:
        """Have ziglang compile the library, whatever machine this is; raises BuildError."""
        system = self.oldest.system
        data = native_build.compile_library(ZIG, (*self.options, "-s"), system)
        return Library(self.tag, self.library_name, data)


ZIG = (sys.executable, "-m", "ziglang", "cc")
_MACOS = ("-Wl,-install_name,@rpath/libgenrekit.dylib",)  # else its path while it is compiled
PLATFORMS = (
    Platform("manylinux_2_17_x86_64", Machine("linux", "x86_64", OLDEST_GLIBC), ("-target", "x86_64-linux-gnu.2.17")),
    Platform(
        "manylinux_2_17_aarch64", Machine("linux", "aarch64", OLDEST_GLIBC), ("-target", "aarch64-linux-gnu.2.17")
    ),
    # With NEON and fused multiply-add, as the processors of a Raspberry Pi 2 and later have them.
    Platform(
        "manylinux_2_17_armv7l",
        Machine("linux", "armv7l", OLDEST_GLIBC),
        ("-target", "arm-linux-gnueabihf.2.17", "-mcpu=cortex_a7"),
    ),
    Platform("macosx_11_0_arm64", Machine("darwin", "arm64"), ("-target", "aarch64-macos.11.0", *_MACOS)),
    Platform("macosx_10_13_x86_64", Machine("darwin", "x86_64"), ("-target", "x86_64-macos.10.13", *_MACOS)),
    Platform("win_amd64", Machine("win32", "AMD64"), ("-target", "x86_64-windows-gnu")),
)


def compile_for(machine: Machine) -> Library:
    """A library that `machine` loads.

    Compiled by ziglang, or for a machine like this one by the compiler here; else it is the one that stands here.

    Raises:
        BuildError: none can be had; the message says why and what to do.
    """
    fitting = _fitting(machine)
    if fitting and importlib.util.find_spec("ziglang"):
        return fitting.compile()
    if machine.system == "linux" and machine.loads_from(Machine.here()):
        return Library(f"linux_{machine.processor}", native_build.library_name(), _own_library())
    if fitting:
        raise BuildError(f'nothing here compiles for {machine}; pip install "genrekit[cross]"')
    raise BuildError(f"nothing compiles for {machine}; build a wheel there and name it with --wheel FILE")


def program_for(machine: Machine, folder: Path, into: Path) -> Path:
    """The program of the folder of C `folder` as `machine` runs it, made in the new folder `into`.

    Raises:
        BuildError: none can be had; the message says why and what to do.
    """
    fitting = _fitting(machine)
    try:
        if fitting and fitting.oldest.system == "linux" and importlib.util.find_spec("ziglang"):
            return make_program(folder, into, (*ZIG, *fitting.options))
        if machine.system == "linux" and machine.loads_from(Machine.here()):
            return make_program(folder, into)
    except GenrekitError as error:
        raise BuildError(str(error)) from error
    raise BuildError(
        f'nothing here compiles for {machine}; pip install "genrekit[cross]", or install gcc and make there'
    )


def _fitting(machine: Machine) -> Platform | None:
    return next((each for each in PLATFORMS if machine.loads_from(each.oldest)), None)


def _own_library() -> bytes:
    with tempfile.TemporaryDirectory(prefix="genrekit-") as folder:
        try:
            return native_build.build(Path(folder)).read_bytes()
        except BuildError:
            if library := native_build.read_library():
                return library
            raise
