"""Losses that count only what is known: unknown answers are −1, unknown pixels 255."""

import torch
from torch import nn
from torch.nn import functional

from ml.data.preprocess import IGNORE
from ml.data.task import Question
from ml.data.units import UNKNOWN
from ml.models.network import Output, head_width

FOCAL_GAMMA = 2.0


class AnswerLoss(nn.Module):
    """The loss of one question.

    ``weights`` [options] multiply the options' terms (for ``multiple`` the positive ones); ``focal`` scales each term
    by (1 − p)^2 (Lin et al. 2017, arXiv:1708.02002) for rare findings. Ordinal questions use CORN's conditional
    terms (arXiv:2111.08851). A batch without a known answer costs zero.
    """

    weights: torch.Tensor

    def __init__(self, question: Question, weights: torch.Tensor, *, smoothing: float, focal: bool) -> None:
        super().__init__()
        self.question, self.smoothing, self.focal = question, smoothing, focal
        self.register_buffer("weights", weights)

    def forward(self, logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        logits = logits.float()
        if self.question.type == "multiple":
            return self._binary(logits, target, target != UNKNOWN, self.weights)
        known = target != UNKNOWN
        if self.question.type == "ordinal":
            thresholds = torch.arange(head_width(self.question), device=logits.device)
            above = (target[:, None] > thresholds).float()
            counted = known[:, None] & (target[:, None] >= thresholds)
            return self._binary(logits, above, counted, None)
        return self._single(logits[known], target[known])

    def _single(self, logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        if not len(target):
            return logits.sum()
        each = functional.cross_entropy(
            logits, target, weight=self.weights, label_smoothing=self.smoothing, reduction="none"
        )
        if self.focal:
            sure = torch.softmax(logits, dim=1).gather(1, target[:, None])[:, 0]
            each = each * (1 - sure) ** FOCAL_GAMMA
        return each.sum() / self.weights[target].sum()

    def _binary(
        self,
        logits: torch.Tensor,
        target: torch.Tensor,
        counted: torch.Tensor,
        positive_weights: torch.Tensor | None,
    ) -> torch.Tensor:
        truth = target.clamp(0, 1)
        soft = truth * (1 - self.smoothing) + 0.5 * self.smoothing
        each = functional.binary_cross_entropy_with_logits(
            logits, soft, pos_weight=positive_weights, reduction="none"
        )
        if self.focal:
            p = torch.sigmoid(logits)
            each = each * torch.where(truth > 0.5, 1 - p, p) ** FOCAL_GAMMA
        return (each * counted).sum() / counted.sum().clamp_min(1)


def option_weights(target: torch.Tensor, question: Question, *, cap: float = 10.0) -> torch.Tensor:
    """Weights against imbalance from targets [N] or [N, options], at most ``cap`` : 1.

    ``single``/``ordinal``: inverse frequency with mean 1 over the labelled items; ``multiple``: negatives ÷ positives.
    """
    if question.type == "multiple":
        positive = (target == 1).sum(0).float()
        negative = (target == 0).sum(0).float()
        return (negative / positive.clamp_min(1)).clamp(1 / cap, cap)
    counts = torch.bincount(target[target != UNKNOWN], minlength=len(question.options)).float()
    inverse = counts.sum() / (counts.clamp_min(1) * (counts > 0).sum().clamp_min(1))
    return inverse.clamp(1 / cap, cap)


def rarest_share(target: torch.Tensor, question: Question) -> float:
    """The share of the rarest option that was seen at all, among known answers; 1 when nothing is known."""
    if question.type == "multiple":
        known = target[(target != UNKNOWN).all(1)]
        shares = known.mean(0) if len(known) else torch.ones(1)
    else:
        counts = torch.bincount(target[target != UNKNOWN], minlength=len(question.options)).float()
        shares = counts / counts.sum().clamp_min(1)
    seen = shares[shares > 0]
    return float(seen.min()) if len(seen) else 1.0


def dice_ce(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Cross-entropy plus one minus batch Dice, over known pixels: the partial loss of nnU-Net's ignore label.

    Args:
        logits: [B, K + 1, H, W].
        target: class numbers uint8 [B, H, W]; 255 is left out.
    """
    known = target != IGNORE
    if not bool(known.any()):
        return logits.sum() * 0
    labels = torch.where(known, target, 0).long()
    logits = logits.float()
    each = functional.cross_entropy(logits, labels, reduction="none")
    cross_entropy = (each * known).sum() / known.sum()
    return cross_entropy + 1 - _batch_dice(logits, labels, known)


def _batch_dice(logits: torch.Tensor, labels: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    """Mean soft Dice of the foreground classes, all images of the batch taken as one."""
    probabilities = torch.softmax(logits, dim=1) * known[:, None]
    truth = functional.one_hot(labels, logits.shape[1]).movedim(-1, 1) * known[:, None]
    axes = (0, 2, 3)
    overlap = 2 * (probabilities * truth).sum(axes)
    total = probabilities.sum(axes) + truth.sum(axes)
    return ((overlap + 1) / (total + 1))[1:].mean()


class TaskLoss(nn.Module):
    """The sum of all parts' losses: one term per question, one for masks."""

    def __init__(self, answers: dict[str, AnswerLoss], masks: bool) -> None:
        super().__init__()
        self.keys = tuple(answers)
        self.answers = nn.ModuleList(answers.values())
        self.masks = masks

    def forward(
        self, output: Output, targets: dict[str, torch.Tensor], masks: torch.Tensor | None
    ) -> torch.Tensor:
        terms = [
            loss(output.answers[key], targets[key]) for key, loss in zip(self.keys, self.answers, strict=True)
        ]
        if self.masks and masks is not None and output.masks is not None:
            terms.append(dice_ce(output.masks, masks))
        return torch.stack(terms).sum()
