"""What is unknown costs nothing and moves nothing; weights and terms are as published."""

import pytest
import torch
from torch.nn import functional

from ml.data.task import Question
from ml.training.losses import AnswerLoss, dice_ce, option_weights, rarest_share

SINGLE = Question("q", "single", ("a", "b", "c"))
MULTIPLE = Question("q", "multiple", ("a", "b"))
ORDINAL = Question("q", "ordinal", ("0", "1", "2"))


def _loss(question, weights=None, smoothing=0.0, focal=False):
    ones = torch.ones(len(question.options))
    return AnswerLoss(question, ones if weights is None else weights, smoothing=smoothing, focal=focal)


@pytest.mark.parametrize(
    ("question", "target", "width"),
    [
        (SINGLE, torch.tensor([0, -1, 2]), 3),
        (ORDINAL, torch.tensor([0, -1, 2]), 2),
        (MULTIPLE, torch.tensor([[0.0, 1.0], [-1.0, -1.0], [1.0, 0.0]]), 2),
    ],
)
@pytest.mark.parametrize("focal", [False, True])
def test_unknown_answers_get_no_gradient_and_do_not_change_the_loss(question, target, width, focal):
    torch.manual_seed(0)
    logits = torch.randn(3, width, requires_grad=True)
    loss = _loss(question, smoothing=0.05, focal=focal)
    value = loss(logits, target)
    value.backward()
    assert logits.grad[1].abs().sum() == 0
    assert logits.grad[0].abs().sum() > 0
    known = loss(logits[[0, 2]], target[[0, 2]])
    assert value.item() == pytest.approx(known.item(), rel=1e-5)


def test_a_batch_without_known_answers_costs_zero():
    logits = torch.randn(2, 3, requires_grad=True)
    nothing = AnswerLoss(SINGLE, torch.ones(3), smoothing=0.0, focal=False)(logits, torch.tensor([-1, -1]))
    nothing.backward()
    assert logits.grad.abs().sum() == 0


def test_weighted_cross_entropy_equals_torchs():
    torch.manual_seed(0)
    logits, target, weights = (
        torch.randn(6, 3),
        torch.tensor([0, 1, 2, 0, 0, 1]),
        torch.tensor([0.5, 1.0, 3.0]),
    )
    ours = _loss(SINGLE, weights)(logits, target)
    assert ours.item() == pytest.approx(
        functional.cross_entropy(logits, target, weight=weights).item(), rel=1e-5
    )


def test_corn_counts_a_threshold_only_for_those_who_reached_it():
    logits = torch.zeros(1, 2, requires_grad=True)
    _loss(ORDINAL)(logits, torch.tensor([0])).backward()
    assert logits.grad[0, 1] == 0
    assert logits.grad[0, 0] > 0


def test_imbalance_is_weighed_and_capped():
    target = torch.tensor([0] * 90 + [1] * 9 + [2])
    weights = option_weights(target, SINGLE)
    assert weights[1] / weights[0] == pytest.approx(10, rel=0.01)
    assert weights[2] == 10
    assert rarest_share(target, SINGLE) == pytest.approx(0.01)
    many = torch.tensor([[1.0, 0.0]] * 3 + [[0.0, 0.0]] * 9)
    assert option_weights(many, MULTIPLE).tolist() == [3.0, 10.0]


def test_ignored_pixels_count_nowhere_in_dice_and_cross_entropy():
    torch.manual_seed(0)
    logits = torch.randn(2, 3, 8, 8, requires_grad=True)
    target = torch.randint(0, 3, (2, 8, 8), dtype=torch.uint8)
    target[:, :, 4:] = 255
    value = dice_ce(logits, target)
    value.backward()
    assert logits.grad[..., 4:].abs().sum() == 0
    cut = dice_ce(logits[..., :4], target[..., :4])
    assert value.item() == pytest.approx(cut.item(), rel=1e-5)


def test_dice_and_cross_entropy_vanish_for_a_sure_right_answer():
    target = torch.randint(0, 3, (2, 8, 8), dtype=torch.uint8)
    logits = functional.one_hot(target.long(), 3).movedim(-1, 1).float() * 50
    assert dice_ce(logits, target).item() == pytest.approx(0, abs=1e-3)
    assert dice_ce(logits, torch.full_like(target, 255)).item() == 0
