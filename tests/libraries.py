"""What a shared library is for, read from its first bytes."""

from __future__ import annotations

import struct
import zipfile

import pytest

from genrekit.runtime.native_build import find_compiler

needs_compiler = pytest.mark.skipif(find_compiler() is None, reason="no C compiler at hand: apt install gcc libc6-dev")

# By the platform in a wheel's tag: format and processor, as their headers number them.
# ELF: e_machine; Mach-O: cputype; PE: Machine.
BUILT_FOR = {
    "manylinux_2_17_x86_64": ("ELF", 62),
    "manylinux_2_17_aarch64": ("ELF", 183),
    "manylinux_2_17_armv7l": ("ELF", 40),
    "macosx_11_0_arm64": ("Mach-O", 0x0100000C),
    "macosx_10_13_x86_64": ("Mach-O", 0x01000007),
    "win_amd64": ("PE", 0x8664),
}


def built_for(data):
    """Format and processor of a library; None of other bytes."""
    if data[:4] == b"\x7fELF":
        return "ELF", struct.unpack_from("<H", data, 18)[0]
    if data[:4] == b"\xcf\xfa\xed\xfe":
        return "Mach-O", struct.unpack_from("<I", data, 4)[0]
    if data[:2] == b"MZ":
        (header,) = struct.unpack_from("<I", data, 0x3C)
        assert data[header : header + 4] == b"PE\0\0"
        return "PE", struct.unpack_from("<H", data, header + 4)[0]
    return None


def libraries_in(wheel):
    """Name -> what it is built for, of every library in a wheel, whatever its name."""
    with zipfile.ZipFile(wheel) as archive:
        found = {name: built_for(archive.read(name)) for name in archive.namelist()}
    return {name: kind for name, kind in found.items() if kind}
