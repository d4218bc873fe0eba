"""The machine's description against what the system says elsewhere."""

import os
import platform
import subprocess
import sys

import numpy as np
import onnxruntime
import pytest

from genrekit.bench.machine import describe_machine


def test_it_names_the_machine_and_the_engines():
    machine = describe_machine()
    assert {"cpu", "cores", "memory_bytes", "governor", "os", "python", "engines"} <= machine.keys()
    assert machine["cores"] == os.cpu_count()
    assert machine["python"] == platform.python_version()
    assert machine["engines"]["onnx"] == onnxruntime.__version__
    assert machine["numpy"] == np.__version__


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_is_that_of_sysconf():
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert describe_machine()["memory_bytes"] == pytest.approx(pages, rel=0.01)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_peak_memory_remembers_what_was_freed_and_inherits_nothing_of_a_large_parent():
    held = np.ones(400_000_000 // 8)
    code = """
import numpy as np
from genrekit.bench.machine import peak_memory_bytes
freed = np.ones(100_000_000 // 8)
del freed
print(peak_memory_bytes())
"""
    peak = int(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)
    assert 100_000_000 < peak < held.nbytes
