import sys

import pytest

from genrekit.runtime.audio import open_microphone
from genrekit.runtime.errors import MissingPackageError


def test_a_missing_microphone_package_names_the_pip_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(MissingPackageError, match=r'pip install "genrekit\[mic\]"'):
        open_microphone(22050)
