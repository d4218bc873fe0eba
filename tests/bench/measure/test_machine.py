"""The machine's description against what the system says elsewhere."""

import os
import platform
import subprocess
import sys

import numpy as np
import onnxruntime
import pytest

from genrekit.bench.measure.machine import LoadMonitor, describe_machine, processor_ticks
from genrekit.runtime import MfccConfig, ParameterError, front_end
from genrekit.runtime.errors import FrontEndWarning


def test_it_names_the_machine_and_the_engines():
    machine = describe_machine()
    assert machine.cores == os.cpu_count()
    assert machine.python == platform.python_version()
    assert machine.engines["onnx"] == onnxruntime.__version__
    assert machine.numpy == np.__version__


def test_it_says_which_front_end_computes_mfcc(monkeypatch):
    assert describe_machine().front_end == front_end()
    monkeypatch.setenv("GENREKIT_FRONT_END", "numpy")
    assert describe_machine([MfccConfig()]).front_end == "numpy"
    monkeypatch.setenv("GENREKIT_FRONT_END", "fortran")
    with pytest.raises(ParameterError, match="GENREKIT_FRONT_END=fortran"):
        describe_machine()


@pytest.mark.skipif(front_end() == "numpy", reason="the front end in C was not built")
def test_of_front_ends_that_c_can_have_in_part_it_says_so():
    possible, impossible = MfccConfig(), MfccConfig(n_fft=2 * 1021)
    assert describe_machine([possible]).front_end == "native"
    with pytest.warns(FrontEndWarning, match="n_fft=2042"):
        assert describe_machine([impossible]).front_end == "numpy"
    assert describe_machine([possible, impossible]).front_end == "native and numpy"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_is_that_of_sysconf():
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert describe_machine().memory_bytes == pytest.approx(pages, rel=0.01)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_peak_memory_remembers_what_was_freed_and_inherits_nothing_of_a_large_parent():
    held = np.ones(400_000_000 // 8)
    code = """
import numpy as np
from genrekit.bench.measure.machine import peak_memory_bytes
freed = np.ones(100_000_000 // 8)
del freed
print(peak_memory_bytes())
"""
    peak = int(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)
    assert 100_000_000 < peak < held.nbytes


BUSY = """
import time
end = time.process_time() + 1
while time.process_time() < end:
    pass
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_children_did_is_not_the_load_of_others_once_they_are_waited_for():
    before = processor_ticks()
    with subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE) as child:
        child.stdout.read()  # it is at its end, but not waited for yet
        running = processor_ticks()
    after = processor_ticks()
    second = os.sysconf("SC_CLK_TCK")
    assert running.own - before.own < second / 2
    assert after.own - before.own > 0.9 * second
    assert running.busy - before.busy > 0.9 * second
    assert running.total >= running.busy


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_load_of_others_is_in_cores():
    monitor = LoadMonitor()
    subprocess.run([sys.executable, "-c", BUSY], check=True, capture_output=True)
    assert 0 <= monitor.other_load_cores() <= os.cpu_count()


@pytest.mark.parametrize(
    ("reported", "sentences"),
    [
        ("throttled=0x0", []),
        ("throttled=0x50005", ["under-voltage now", "throttled now", "under-voltage since", "throttled since"]),
        ("throttled=nonsense", []),
        ("", []),
    ],
)
def test_a_raspberry_pi_reports_what_slowed_it_down(reported, sentences, tmp_path, monkeypatch):
    command = tmp_path / "vcgencmd"
    command.write_text(f"#!/bin/sh\n[ $1 = get_throttled ] && echo {reported}\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    seen = LoadMonitor().throttling()
    assert len(seen) == len(sentences)
    assert all(text.startswith(start) for text, start in zip(seen, sentences, strict=True))
