"""Every acquisition strategy as a card that the API and the UI list; one way to call them all.

Each selection applies the redundancy caps, mixes in the honest random share, gives a reason per item, and is
deterministic in `rng`. A strategy whose needs the pool does not meet falls back and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.acquisition import embedding_strategies as by_embedding
from ml.acquisition import reasons, strategies
from ml.acquisition.pool import Options, Picks, Pool, Selection, close_beside_labelled, keeper_for
from ml.acquisition.strategies import Rule

__all__ = ["DEFAULT", "STRATEGIES", "Options", "Pool", "Selection", "Strategy", "select"]

DEFAULT = "clasp"


@dataclass(frozen=True)
class Strategy:
    """A card. needs: names of Pool fields (or "passes": more than one) without which it falls back.

    select(pool, n, *, rng, options) -> Selection; options as an `Options` or a mapping of its fields.
    """

    name: str
    title: str
    description: str
    needs: frozenset[str]
    select: Callable[..., Selection]


def select(
    name: str,
    pool: Pool,
    n: int,
    *,
    rng: np.random.Generator,
    options: Options | Mapping[str, Any] | None = None,
) -> Selection:
    """Choose up to n items by the strategy of that name; KeyError for an unknown name."""
    return STRATEGIES[name].select(pool, n, rng=rng, options=options)


def _run(
    pool: Pool,
    n: int,
    *,
    rng: np.random.Generator,
    options: Options | Mapping[str, Any] | None = None,
    rule: Rule,
    needs: frozenset[str],
) -> Selection:
    settings = Options.of(options)
    if n < 0:
        raise ValueError("a batch holds 0 or more items")
    n = min(n, len(pool))
    if not n:
        return Selection(np.empty(0, dtype=np.int64), np.zeros(len(pool)), [], np.empty(0, dtype=bool))
    rule, note = _rule_or_fallback(rule, needs, pool)
    keeper = keeper_for(pool, n, settings)
    honest = keeper.take_best(rng.random(len(pool)), _share_of(n, settings.random_share, rng))
    close_beside_labelled(keeper, pool, n - len(honest), settings)
    picks = rule(pool, n - len(honest), keeper, rng, settings)
    selection = _interleave(picks, honest, note)
    return selection if len(selection.order) == n else _short(selection, n)


def _rule_or_fallback(rule: Rule, needs: frozenset[str], pool: Pool) -> tuple[Rule, str]:
    missing = needs - pool.has
    if not missing:
        return rule, ""
    lacks = f"nothing is known yet of {', '.join(sorted(missing)).replace('_', ' ')}."
    if "embeddings" in pool.has:
        return by_embedding.pick_typiclust, f"Chosen for typical images instead: {lacks}"
    if "slice_position" in pool.has:
        return strategies.pick_strided, f"Chosen evenly spaced instead: {lacks}"
    return strategies.pick_random, f"Chosen at random instead: {lacks}"


def _share_of(n: int, share: float, rng: np.random.Generator) -> int:
    """n · share, rounded up or down at random so that small batches hold the share on average."""
    return int(n * share + rng.random())


def _interleave(picks: Picks, honest: NDArray[np.int64], note: str) -> Selection:
    """Spread the random share evenly through the order, so that any stretch of the queue holds it."""
    total = len(picks.order) + len(honest)
    is_honest = np.zeros(total, dtype=bool)
    if len(honest):
        is_honest[((np.arange(len(honest)) + 0.5) * total / len(honest)).astype(int)] = True
    order = np.empty(total, dtype=np.int64)
    order[is_honest], order[~is_honest] = honest, picks.order
    own = iter(picks.reasons)
    why = [reasons.RANDOM_SHARE if drawn else next(own) for drawn in is_honest]
    return Selection(order, picks.score, why, is_honest | picks.random, note)


def _short(selection: Selection, n: int) -> Selection:
    too_like = "the others are too like those chosen (same patient, series or neighbouring slices)"
    note = f"{selection.note} {len(selection.order)} of {n}: {too_like}.".strip()
    return Selection(selection.order, selection.score, selection.reasons, selection.random, note)


def _card(name: str, title: str, description: str, needs: set[str], rule: Rule) -> Strategy:
    wanted = frozenset(needs)
    return Strategy(name, title, description, wanted, partial(_run, rule=rule, needs=wanted))


_CARDS = (
    _card(
        "random",
        "Random",
        "Every image equally likely: the opponent every other strategy has to beat.",
        set(),
        strategies.pick_random,
    ),
    _card(
        "foreground_random",
        "Random with foreground",
        "Random, with a fixed share (66 %, or 33 %) of images in which the model sees something.",
        {"foreground"},
        strategies.pick_foreground_random,
    ),
    _card(
        "strided",
        "Evenly spaced slices",
        "Slices at even distances through every series: a strong, model-free start for volumes.",
        {"slice_position"},
        strategies.pick_strided,
    ),
    _card(
        "entropy",
        "Entropy",
        "Images whose prediction is spread most widely over the classes.",
        {"entropy"},
        strategies.by_measure(strategies.entropy_of),
    ),
    _card(
        "margin",
        "Margin",
        "Images where the two most likely classes are closest.",
        {"probabilities"},
        strategies.by_measure(strategies.MARGIN),
    ),
    _card(
        "least_confidence",
        "Least confidence",
        "Images whose most likely class is least likely.",
        {"probabilities"},
        strategies.by_measure(strategies.LEAST_CONFIDENCE),
    ),
    _card(
        "bald",
        "Disagreement (BALD)",
        "Images on which flips, dropout passes or ensemble members disagree most.",
        {"probabilities", "passes"},
        strategies.by_measure(strategies.BALD, reasons.FLIPS),
    ),
    _card(
        "badge",
        "BADGE",
        "Images that are hard for the model and differ from one another in what it would learn.",
        {"probabilities", "embeddings"},
        by_embedding.pick_badge,
    ),
    _card(
        "k_centre",
        "Farthest first (k-centre)",
        "Images least like any that is labelled or already chosen.",
        {"embeddings"},
        by_embedding.pick_k_centre,
    ),
    _card(
        "typiclust",
        "Typical of its cluster",
        "The most typical image of each large group that holds no label yet.",
        {"embeddings"},
        by_embedding.pick_typiclust,
    ),
    _card(
        "probcover",
        "Coverage (ProbCover)",
        "Images with most unlabelled look-alikes within a fixed distance.",
        {"embeddings"},
        by_embedding.pick_prob_cover,
    ),
    _card(
        "max_herding",
        "Coverage (MaxHerding)",
        "Images that together resemble the whole pool best.",
        {"embeddings"},
        by_embedding.pick_max_herding,
    ),
    _card(
        "clue",
        "Uncertain groups (CLUE)",
        "The middle of each group of images that the model is unsure about.",
        {"embeddings", "entropy"},
        by_embedding.pick_clue,
    ),
    _card(
        "coldstart",
        "Cold start",
        "For the first round, before any label: typical images of each group.",
        {"embeddings"},
        by_embedding.pick_typiclust,
    ),
    _card(
        "clasp",
        "ClaSP (default)",
        "Uncertainty shared out over the classes, with chance that fades over the rounds.",
        {"entropy", "class_entropy"},
        strategies.pick_clasp,
    ),
)
STRATEGIES: dict[str, Strategy] = {card.name: card for card in _CARDS}
