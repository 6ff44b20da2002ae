"""Runs a network over labelled items and keeps what metrics need: logits per item, overlap counts per case."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import torch

from ml.data.cache import FrameCache
from ml.data.manifest import Item
from ml.data.preprocess import IGNORE
from ml.data.progress import ShouldStop, never_stop
from ml.data.units import Unit, class_numbers, encode_answers, read_mask, units_of
from ml.inference.batches import Step, run_batches
from ml.inference.passes import Passes
from ml.inference.predict import label_map
from ml.metrics.overlap import OverlapCounts, overlap_counts
from ml.metrics.surface import surfaces_per_class
from ml.models.files import ModelCard
from ml.models.network import Network


@dataclass
class Collected:
    """Per item: logits [N, P, k] and targets per question; per case (series, else item): overlap counts and
    each frame's 95 % Hausdorff distance [K + 1] in pixels."""

    items: tuple[Item, ...]
    logits: dict[str, np.ndarray] = field(default_factory=dict)
    targets: dict[str, np.ndarray] = field(default_factory=dict)
    overlaps: dict[str, OverlapCounts] = field(default_factory=dict)
    distances: dict[str, list[np.ndarray]] = field(default_factory=dict)
    case_items: dict[str, Item] = field(default_factory=dict)


def collect(
    network: Network,
    card: ModelCard,
    cache: FrameCache,
    items: Sequence[Item],
    *,
    passes: Passes,
    batch_size: int,
    device: torch.device,
    surfaces: bool = False,
    should_stop: ShouldStop = never_stop,
) -> Collected:
    """Predict labelled ``items``; masks are compared at full frame size, one case a series (or an item without).

    An item's logits are the mean over its frames. ``surfaces`` asks for surface distances, which cost more than the rest.

    Raises:
        Cancelled: ``should_stop`` said so.
    """
    result = Collected(tuple(items))
    units = units_of(items)
    rows: dict[str, list[np.ndarray]] = {question.key: [] for question in card.task.questions}
    for step in run_batches(
        network,
        cache,
        [unit.frame for unit in units],
        passes=passes,
        batch_size=batch_size,
        device=device,
        should_stop=should_stop,
    ):
        for key, logits in step.output.answers.items():
            rows[key].extend(logits.transpose(0, 1).cpu().numpy())
        if step.output.masks is not None:
            _compare(result, card, step, units[step.start : step.start + step.count], surfaces)
    starts = np.cumsum([0, *(len(item.frames) for item in items)])
    for question in card.task.questions:
        frames = rows[question.key]
        means = [np.mean(frames[a:b], axis=0) for a, b in pairwise(starts)]
        result.logits[question.key] = np.stack(means) if means else np.zeros((0, 1, 1))
        result.targets[question.key] = encode_answers(items, question).numpy()
    return result


def _compare(result: Collected, card: ModelCard, step: Step, units: Sequence[Unit], surfaces: bool) -> None:
    numbers = class_numbers(card.task)
    classes = len(card.task.classes) + 1
    assert step.output.masks is not None
    for row, unit in enumerate(units):
        if not unit.has_mask:
            continue
        placement = step.placements[row]
        shape = (placement.rows, placement.columns)
        truth = np.zeros(shape, np.uint8) if unit.mask is None else numbers[read_mask(unit.mask, *shape)]
        predicted = numbers[label_map(card, step.output.masks[:, row], placement)]
        counts = overlap_counts(predicted, truth, classes, ignore=IGNORE)
        case = unit.item.series or unit.item.id
        result.overlaps[case] = result.overlaps[case] + counts if case in result.overlaps else counts
        result.case_items.setdefault(case, unit.item)
        if surfaces:
            far, _ = surfaces_per_class(predicted, truth, classes, (1.0, 1.0), ignore=IGNORE)
            result.distances.setdefault(case, []).append(far)
