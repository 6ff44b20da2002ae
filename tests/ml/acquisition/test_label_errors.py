import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.acquisition.label_errors import (
    class_thresholds,
    confident_joint,
    expected_errors,
    find_label_errors,
    find_multilabel_errors,
)


def noisy_task(count=2000, share=0.05, seed=0, sharpness=4.0):
    """A three-class task with a good model and a share of labels flipped."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, size=count, p=[0.6, 0.3, 0.1])
    logits = rng.normal(size=(count, 3)) + sharpness * np.eye(3)[truth]
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    wrong = rng.random(count) < share
    labels = np.where(wrong, (truth + rng.integers(1, 3, size=count)) % 3, truth)
    return p, labels, wrong


def test_the_worst_tenth_holds_nearly_all_flipped_labels():
    p, labels, wrong = noisy_task()
    found = find_label_errors(p, labels)
    assert wrong[found.order[:200]].sum() / wrong.sum() > 0.95
    assert wrong[found.suspect].mean() > 0.7


def test_the_number_of_wrong_labels_is_estimated():
    p, labels, wrong = noisy_task(count=5000, share=0.1)
    assert find_label_errors(p, labels).expected == pytest.approx(wrong.sum(), rel=0.25)


def test_thresholds_and_joint_of_a_worked_example():
    p = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.3, 0.7], [0.2, 0.8], [0.65, 0.35]])
    labels = np.array([0, 0, 0, 1, 1, 1])
    np.testing.assert_allclose(class_thresholds(p, labels), [0.6, (0.7 + 0.8 + 0.35) / 3])
    np.testing.assert_allclose(confident_joint(p, labels), [[2, 1], [1, 2]])
    assert expected_errors(p, labels) == 2
    found = find_label_errors(p, labels)
    assert list(np.nonzero(found.suspect)[0]) == [2, 5]
    assert found.order[0] == 2
    assert list(found.suggested) == [0, 0, 1, 1, 1, 0]


@given(st.integers(0, 1000), st.randoms())
def test_permuted_items_give_permuted_results(seed, random):
    p, labels, _ = noisy_task(count=60, seed=seed)
    order = random.sample(range(60), 60)
    before = p.copy()
    whole, shuffled = find_label_errors(p, labels), find_label_errors(p[order], labels[order])
    np.testing.assert_allclose(whole.quality[order], shuffled.quality)
    np.testing.assert_array_equal(whole.suspect[order], shuffled.suspect)
    np.testing.assert_array_equal(p, before)


def test_a_class_the_model_is_shy_about_is_not_blamed():
    p = np.array([[0.95, 0.05]] * 50 + [[0.6, 0.4]] * 10 + [[0.7, 0.3]])
    found = find_label_errors(p, [0] * 50 + [1] * 10 + [0])
    assert not found.suspect.any()
    assert found.order[0] == 60


def test_unlabelled_items_are_left_out():
    p, labels, _ = noisy_task(count=50)
    labels[:10] = -1
    found = find_label_errors(p, labels)
    assert sorted(found.order) == list(range(10, 50))
    assert np.isnan(found.quality[:10]).all()
    assert (found.suggested[:10] == -1).all()
    assert not found.suspect[:10].any()
    assert len(found.reasons) == 40
    assert find_label_errors(p, np.full(50, -1)).order.size == 0


def test_labels_of_one_class_only_are_ranked_without_suspects():
    found = find_label_errors([[0.9, 0.1], [0.4, 0.6]], [0, 0])
    assert list(found.order) == [1, 0]
    assert np.isfinite(found.quality).all()
    assert found.expected == 0


def test_reasons_are_plain_sentences():
    p = np.array([[0.97, 0.03]] * 9 + [[0.1, 0.9]] * 9 + [[0.03, 0.97]])
    found = find_label_errors(p, [0] * 9 + [1] * 9 + [0], class_names=("normal", "pneumonia"))
    assert found.reasons[0] == "Labelled normal, but a model that never saw this label says pneumonia (97%)"
    assert found.reasons[-1].startswith("Labelled normal; the model gives this")


def test_several_labels_are_judged_one_by_one():
    p = np.array([[0.9, 0.1], [0.95, 0.9], [0.05, 0.05], [0.04, 0.95]])
    labels = np.array([[1, 0], [1, 1], [0, 0], [1, -1]])
    edema, nodule = find_multilabel_errors(p, labels, label_names=("edema", "nodule"))
    assert edema.order[0] == 3
    assert "says no edema (96%)" in edema.reasons[0]
    assert sorted(nodule.order) == [0, 1, 2]


def test_bad_input_is_refused():
    for p, labels in (([[0.5, 0.5]], [0, 1]), ([[0.9, 0.9]], [0]), ([[0.5, 0.5]], [2]), ([[1.0]], [0])):
        with pytest.raises(ValueError):
            find_label_errors(p, labels)
    with pytest.raises(ValueError, match="do not fit"):
        find_multilabel_errors([[0.5, 0.5]], [[1]])
