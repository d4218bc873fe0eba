"""What a model file carries to tell windows that it does not know: against scipy, and refused where it is damaged."""

import json

import numpy as np
import pytest
import scipy.spatial.distance
import scipy.special

from genrekit.runtime import ModelDescription, Rejection
from genrekit.runtime.errors import ModelFileError
from genrekit.runtime.modelfile.rejection import calibrated, packed, unpacked, window_statistics

GENERATOR = np.random.default_rng(5)
FEATURES = GENERATOR.normal(0, 30, (20, 32, 5))


def rejection(**fields):
    """Of three classes, with a matrix that whitens in earnest."""
    size, generator = 10, np.random.default_rng(6)
    whitening = np.tril(generator.normal(0, 0.3, (size, size))) + np.eye(size)
    rows = packed(whitening[np.tril_indices(size)])
    centers = packed(generator.normal(0, 2, (3, size)))
    return Rejection(1.5, 0.4, **{"max_distance": 4.0, "centers": centers, "whitening": rows, **fields})


def test_calibrated_probabilities_are_the_softmax_of_divided_logits():
    logits = GENERATOR.normal(0, 3, (6, 4))
    expected = scipy.special.softmax(logits / 2.5, axis=1)
    np.testing.assert_allclose(calibrated(scipy.special.softmax(logits, axis=1), 2.5), expected, rtol=1e-4)


def test_a_probability_of_zero_is_calibrated_too():
    assert calibrated(np.array([1.0, 0.0]), 4.0).sum() == pytest.approx(1)


def test_the_statistics_of_a_window_one_by_one():
    found = window_statistics(FEATURES)
    assert found.shape == (20, 10)
    for window, row in zip(FEATURES, found, strict=True):
        spreads = [np.std(window[:, index]) for index in range(5)]
        changes = [np.std(window[1:, index] - window[:-1, index]) for index in range(5)]
        np.testing.assert_allclose(row[:4], [np.mean(window[:, index]) for index in range(1, 5)])
        np.testing.assert_allclose(row[4:9], np.log([1 + spread for spread in spreads]))
        np.testing.assert_allclose(
            row[9], np.mean(np.log([(1 + c) / (1 + s) for c, s in zip(changes, spreads, strict=True)]))
        )


def test_the_level_of_a_window_does_not_matter():
    louder = FEATURES + np.array([100, 0, 0, 0, 0])
    np.testing.assert_allclose(rejection().distances(louder), rejection().distances(FEATURES))


def test_only_the_first_coefficients_are_compared():
    assert window_statistics(GENERATOR.normal(size=(2, 9, 40))).shape == (2, 26)


def test_the_distance_is_mahalanobis_from_the_nearest_center():
    one = rejection()
    whitening = np.zeros((10, 10))
    whitening[np.tril_indices(10)] = unpacked(one.whitening)
    precision = whitening.T @ whitening
    centers = [np.linalg.solve(whitening, center) for center in unpacked(one.centers).reshape(3, 10)]
    expected = [
        min(scipy.spatial.distance.mahalanobis(row, center, precision) for center in centers) / 4.0
        for row in window_statistics(FEATURES)
    ]
    np.testing.assert_allclose(one.distances(FEATURES), expected, rtol=1e-9)


def test_of_a_single_frame_no_distance_is_known():
    assert np.isnan(rejection().distances(FEATURES[:, :1])).all()
    assert np.isnan(Rejection(1.0, 0.5).distances(FEATURES)).all()


def test_rejected_is_what_is_unsure_or_unlike():
    one = rejection(max_distance=float(np.median(rejection().distances(FEATURES))) * 4)
    scores = GENERATOR.dirichlet([1, 1, 1], 20)
    unsure = scipy.special.softmax(np.log(scores) / 1.5, axis=1).max(axis=1) < 0.4
    far = one.distances(FEATURES) > 1
    assert 0 < unsure.sum() < 20
    assert 0 < far.sum() < 20
    np.testing.assert_array_equal(one.rejects(FEATURES, scores), unsure | far)


def described(**fields):
    """A description's JSON with the fields of its rejection replaced; None removes one."""
    description = ModelDescription(model="m", labels=("a", "b"), rejection=Rejection(1.5, 0.4))
    values = json.loads(description.to_json())
    size = 26
    full = {"max_distance": 2.0, "whitening": packed(np.ones(size * 27 // 2)), "centers": packed(np.ones(size))}
    values["rejection"] = {**values["rejection"], **full, **fields}
    return json.dumps(values)


def test_what_is_written_is_read():
    read = ModelDescription.from_json(described(), "m.onnx")
    assert ModelDescription.from_json(read.to_json(), "m.onnx") == read
    assert np.isfinite(read.rejection.distances(GENERATOR.normal(size=(2, 9, 13)))).all()


def test_a_file_may_know_of_no_rejection():
    assert ModelDescription.from_json(ModelDescription("m", ("a", "b")).to_json(), "m.onnx").rejection is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("temperature", 0),
        ("temperature", None),
        ("temperature", "1"),
        ("min_probability", 1.5),
        ("min_probability", None),
        ("max_distance", -1),
        ("max_distance", True),
        ("whitening", "AAAA"),
        ("whitening", "not base64!"),
        ("whitening", 7),
        ("whitening", packed(np.full(351, np.nan))),
        ("centers", ""),
        ("centers", packed(np.ones(25))),
        ("centers", packed(np.full(26, np.inf))),
        ("centers", "A" * 100_000),
    ],
)
def test_what_cannot_be_used_is_refused_by_its_key(field, value):
    with pytest.raises(ModelFileError, match=rf"m.onnx: rejection.{field}=.*export the model again"):
        ModelDescription.from_json(described(**{field: value}), "m.onnx")


def test_a_rejection_that_is_no_object_is_refused():
    values = {**json.loads(described()), "rejection": [1]}
    with pytest.raises(ModelFileError, match=r"m.onnx: rejection=\[1\]: expected a JSON object"):
        ModelDescription.from_json(json.dumps(values), "m.onnx")
