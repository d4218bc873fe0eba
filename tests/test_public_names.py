"""What users import: a name that is missing here, or there, is a change of the interface."""

from __future__ import annotations

import importlib

import pytest

PUBLIC = {
    "genrekit.toolkit": [
        "MODELS", "Training", "assign", "evaluate", "export_run", "extract", "load_run", "recipe", "scan", "train",
    ],
}  # fmt: skip


@pytest.mark.parametrize("package", PUBLIC)
def test_public_names_are_these(package):
    module = importlib.import_module(package)
    assert sorted(module.__all__) == PUBLIC[package]
    for name in module.__all__:
        assert getattr(module, name) is not None
