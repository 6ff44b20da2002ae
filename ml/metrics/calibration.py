"""Do stated probabilities come true? ECE, reliability bins, Brier score, temperature scaling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

TEMPERATURES = (0.05, 20.0)


@dataclass(frozen=True)
class ReliabilityBins:
    """Equal-width bins of confidence: edges [bins + 1], mean confidence, accuracy and count [bins].

    Empty bins hold NaN means and count 0.
    """

    edges: NDArray[np.float64]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    count: NDArray[np.int64]

    @property
    def expected_error(self) -> float:
        """Mean gap between confidence and accuracy, weighted by the items in each bin."""
        filled = self.count > 0
        gaps = np.abs(self.confidence[filled] - self.accuracy[filled])
        return float((gaps * self.count[filled]).sum() / self.count.sum()) if filled.any() else float("nan")


def reliability_bins(confidence: ArrayLike, correct: ArrayLike, *, bins: int = 15) -> ReliabilityBins:
    """Sort items into bins (i/bins, (i+1)/bins] of confidence [N] in 0..1, `correct` [N] bool.

    Raises ValueError for other lengths, or a confidence outside 0..1.
    """
    confident, right = np.asarray(confidence, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    if confident.ndim != 1 or confident.shape != right.shape:
        raise ValueError(f"confidence {confident.shape} and correctness {right.shape} differ in shape")
    if confident.size and not (confident.min() >= 0 and confident.max() <= 1 + 1e-6):
        raise ValueError("confidence must lie in 0..1")
    edges = np.linspace(0, 1, bins + 1)
    which = np.clip(np.searchsorted(edges, confident, side="left") - 1, 0, bins - 1)
    count = np.bincount(which, minlength=bins)
    empty = np.full(bins, np.nan)
    return ReliabilityBins(
        edges,
        np.divide(np.bincount(which, confident, minlength=bins), count, out=empty.copy(), where=count > 0),
        np.divide(np.bincount(which, right, minlength=bins), count, out=empty.copy(), where=count > 0),
        count,
    )


def expected_calibration_error(probabilities: ArrayLike, truth: ArrayLike, *, bins: int = 15) -> float:
    """ECE of the most probable class (Naeini 2015; Guo, ICML 2017): probabilities [N, classes], truth [N]."""
    probs, true = _checked(probabilities, truth)
    return reliability_bins(probs.max(axis=1), probs.argmax(axis=1) == true, bins=bins).expected_error


def brier_score(probabilities: ArrayLike, truth: ArrayLike) -> float:
    """Mean squared distance to the one-hot truth, summed over classes (Brier 1950: 0 best, 2 worst).

    probabilities [N, classes], truth [N] class indices. For two classes it is twice the score of the
    positive class alone.
    """
    probs, true = _checked(probabilities, truth)
    missed = probs - np.eye(probs.shape[1])[true]
    return float((missed**2).sum(axis=1).mean())


def negative_log_likelihood(logits: ArrayLike, truth: ArrayLike, *, temperature: float = 1.0) -> float:
    """Mean of -log softmax(logits / temperature) at the true class, nats; logits [N, classes] or [N]."""
    scaled, true = _checked(_two_columns(logits), truth)
    return float(-log_softmax(scaled / temperature, axis=1)[np.arange(len(true)), true].mean())


def apply_temperature(logits: ArrayLike, temperature: float) -> NDArray[np.float64]:
    """Probabilities [N, classes] of logits divided by a temperature (> 1 softens).

    Logits [N] of one yes-or-no finding give [N, 2] (no, yes).
    """
    return softmax(_two_columns(logits) / temperature, axis=1)


def fit_temperature(logits: ArrayLike, truth: ArrayLike) -> float:
    """The temperature, within 0.05..20, that makes the truth likeliest (Guo et al., ICML 2017).

    logits [N, classes], or [N] for one yes-or-no finding; truth [N] class indices. To be fitted on validation
    data, never on what is reported. Found by bounded one-dimensional minimisation over log temperature, where
    the loss is unimodal. Raises ValueError without items.
    """
    scaled, true = _checked(_two_columns(logits), truth)
    low, high = np.log(TEMPERATURES)
    result = minimize_scalar(
        lambda log_t: negative_log_likelihood(scaled, true, temperature=float(np.exp(log_t))),
        bounds=(low, high),
        method="bounded",
        options={"xatol": 1e-5},
    )
    return float(np.exp(result.x))


def _two_columns(logits: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(logits, dtype=np.float64)
    return np.stack([np.zeros_like(values), values], axis=1) if values.ndim == 1 else values


def _checked(rows: ArrayLike, truth: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    table, true = np.asarray(rows, dtype=np.float64), np.asarray(truth, dtype=np.int64)
    if table.ndim != 2 or true.ndim != 1 or len(table) != len(true) or not len(true):
        raise ValueError(f"rows {table.shape} do not fit truth {true.shape}")
    if true.min() < 0 or true.max() >= table.shape[1]:
        raise ValueError(f"classes outside 0..{table.shape[1] - 1}")
    return table, true
