"""ClaSP PE: class-stratified, scheduled power predictive entropy (TMLR 2026, arXiv 2601.13677).

Two thirds of a batch are drawn class by class from p_c · H, so that rare classes get their share; the rest
from plain entropy. Scores are taken as log score + Gumbel(0, 1/β), β growing geometrically over the rounds:
broad while the model knows little, greedy towards the end.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml.acquisition.caps import CapKeeper
from ml.acquisition.noise import perturb

STRATIFIED_SHARE = 0.66


def choose_clasp(
    entropy: NDArray[np.float64],
    class_entropy: NDArray[np.float64],
    n: int,
    *,
    beta: float,
    keeper: CapKeeper,
    rng: np.random.Generator,
    background: int | None = None,
    stratified_share: float = STRATIFIED_SHARE,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Choose up to n candidates; returns their indices, best first, and the class each stands for.

    entropy [N] and class_entropy [N, classes] (p_c · H), both >= 0. Classes take turns, so that each gets an
    equal share of the stratified part; `background` is a class that gets no turn, nor does one that nowhere
    has any score. A class of -1 marks items drawn by plain entropy. The two parts are interleaved, so that
    every stretch of the order keeps their proportion.
    """
    classes = [c for c in range(class_entropy.shape[1]) if c != background and class_entropy[:, c].any()]
    rng.shuffle(classes)
    ranked = {
        c: iter(np.argsort(-perturb(class_entropy[:, c], "power", beta, rng=rng), kind="stable"))
        for c in classes
    }
    ranked[-1] = iter(np.argsort(-perturb(entropy, "power", beta, rng=rng), kind="stable"))
    chosen: list[int] = []
    strata: list[int] = []
    for stratum in _turns(classes, n, stratified_share):
        index = next((int(i) for i in ranked[stratum] if keeper.open[i]), None)
        if index is None:
            continue
        keeper.take(index)
        chosen.append(index)
        strata.append(stratum)
    return np.asarray(chosen, dtype=np.int64), np.asarray(strata, dtype=np.int64)


def _turns(classes: list[int], n: int, stratified_share: float) -> list[int]:
    """Whose turn each pick is: classes in rotation for the stratified share, -1 for plain entropy."""
    turns: list[int] = []
    stratified = 0
    for position in range(n):
        wanted = round(stratified_share * (position + 1))
        if classes and stratified < wanted:
            turns.append(classes[stratified % len(classes)])
            stratified += 1
        else:
            turns.append(-1)
    return turns
