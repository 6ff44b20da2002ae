import numpy as np
import pytest

from ml.acquisition.mask_errors import find_mask_errors


def counts(dice, size=1000):
    """True positives, false positives and false negatives [N, 1 + classes] that give the wanted Dice."""
    both = np.round(np.asarray(dice) * size)
    background = np.zeros((len(both), 1))
    wrong = size - both
    return tuple(np.hstack([background, part]) for part in (both, wrong, wrong))


def test_masks_that_disagree_more_than_usual_come_first():
    rng = np.random.default_rng(0)
    dice = rng.normal(0.85, 0.03, size=(60, 1)).clip(0, 1)
    dice[[7, 31], 0] = 0.3, 0.1
    found = find_mask_errors(*counts(dice))
    assert list(found.order[:2]) == [31, 7]
    assert list(np.nonzero(found.suspect)[0]) == [7, 31]


def test_a_class_with_low_dice_everywhere_is_not_blamed():
    rng = np.random.default_rng(1)
    dice = np.column_stack([rng.normal(0.9, 0.02, 50), rng.normal(0.35, 0.1, 50)]).clip(0, 1)
    dice[3, 0] = 0.6
    found = find_mask_errors(*counts(dice), class_names=("background", "organ", "lesion"))
    assert found.order[0] == 3
    assert found.suspect.sum() == 1
    assert found.reasons[0] == "Model and label overlap by 60% on organ; 90% is usual"


def test_reasons_say_who_sees_nothing():
    both, extra, missed = (np.zeros((12, 2)) for _ in range(3))
    both[:, 1] = 100
    both[[0, 1, 2], 1] = 0
    extra[0, 1] = missed[1, 1] = 50
    found = find_mask_errors(both, extra, missed, class_names=("background", "lesion"))
    by_item = dict(zip(found.order, found.reasons, strict=True))
    assert by_item[0] == "The model sees lesion, and none is outlined"
    assert by_item[1] == "Lesion is outlined, and the model sees none"
    assert by_item[2] == "Neither the label nor the model outlines anything"
    assert by_item[5] == "Model and label overlap by 100% on lesion; 100% is usual"
    assert found.quality[2] == 0


def test_hair_breadth_differences_are_not_suspect():
    dice = np.full((30, 1), 0.95)
    dice[4] = 0.94
    assert not find_mask_errors(*counts(dice)).suspect.any()


def test_bad_counts_are_refused():
    with pytest.raises(ValueError, match="classes"):
        find_mask_errors(np.zeros((2, 2)), np.zeros((2, 2)), np.zeros((2, 3)))
