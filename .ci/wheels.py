"""Writes the wheels of this checkout: wheels.py FOLDER [PLATFORM...], without platforms all and the pure one."""

import sys
import tempfile
from pathlib import Path

from genrekit.bench.remote.platforms import PLATFORMS
from genrekit.bench.remote.wheel import pure_files, write_wheel

folder, named = Path(sys.argv[1]), sys.argv[2:]
with tempfile.TemporaryDirectory() as build:
    files = pure_files(Path(build))
chosen = [platform for platform in PLATFORMS if not named or platform.tag in named]
if len(chosen) < len(named):
    sys.exit(f"wheels.py: expected platforms of {', '.join(each.tag for each in PLATFORMS)}, got {', '.join(named)}")
if not named:
    print(write_wheel(folder, files))
for platform in chosen:
    print(write_wheel(folder, files, platform.compile()), flush=True)
