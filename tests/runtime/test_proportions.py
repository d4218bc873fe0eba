import pytest
from scipy.stats import binomtest

from genrekit.runtime.util.proportions import wilson_interval


@pytest.mark.parametrize(("right", "count"), [(0, 5), (5, 5), (149, 200), (178, 181), (1, 1000)])
def test_the_interval_is_scipys(right, count):
    expected = binomtest(right, count).proportion_ci(method="wilson")
    assert wilson_interval(right / count, count) == pytest.approx((expected.low, expected.high), abs=1e-12)
