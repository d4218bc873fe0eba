"""The ablation table: means, spreads and differences of given runs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from genrekit.toolkit.experiments import ablation
from genrekit.toolkit.models import MODELS
from genrekit.toolkit.training.recipes import recipe


def runs(*accuracies):
    return [ablation.RunAccuracies(value, value, value / 2, value) for value in accuracies]


@pytest.mark.parametrize("model", MODELS)
def test_variants_change_one_option_each(model):
    variants = ablation.variants(model)
    assert list(variants)[:2] == ["paper", "edge"]
    edge = recipe("edge", model)
    for title, variant in list(variants.items())[2:]:
        assert title == variant.title != "edge"
        assert len(variant.without) + len(variant.added) == 1
        assert variant != edge
    folders = {ablation.folder_name(title, 0) for title in variants}
    assert len(folders) == len(variants)


def test_rows_report_means_and_paired_differences():
    edge, other = (0.6, 0.7, 0.9), (0.5, 0.75, 0.7)
    rows = ablation.summarize({"edge": runs(*edge), "edge without mixup": runs(*other)})
    found = rows[1].test_tracks
    assert found.mean == pytest.approx(np.mean(other))
    assert found.std == pytest.approx(np.std(other, ddof=1))
    assert found.difference == pytest.approx(np.mean(np.subtract(other, edge)))
    assert found.difference_std == pytest.approx(np.std(np.subtract(other, edge), ddof=1))
    interval = stats.ttest_1samp(np.subtract(other, edge), 0).confidence_interval(0.95)
    assert found.difference_interval == pytest.approx(tuple(interval), abs=2e-3)
    assert rows[0].test.difference == 0
    assert rows[1].as_heard.mean == pytest.approx(np.mean(other) / 2)
    assert ablation.cells(rows[1])[:3] == ["edge without mixup", "0.650", "-0.083 ± 0.313"]


def test_one_seed_has_no_spread():
    rows = ablation.summarize({"edge": runs(0.5), "paper": runs(0.25)})
    assert ablation.cells(rows[1])[:3] == ["paper", "0.250", "-0.250"]
