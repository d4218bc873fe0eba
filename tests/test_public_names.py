"""What each package exports: a name that is added, renamed or lost is a decision, written down here."""

import importlib

import pytest

NAMES = {
    "genrekit.bench": ["BenchPlan", "Case", "Clips", "Effort", "compare", "html_page", "read_json", "run_bench"],
}


@pytest.mark.parametrize("package", NAMES)
def test_a_package_exports_its_public_names(package):
    module = importlib.import_module(package)
    assert sorted(module.__all__) == sorted(NAMES[package])
    assert all(getattr(module, name) is not None for name in module.__all__)
