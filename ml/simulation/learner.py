"""One round's learner: train from scratch on the labels so far, measure on the test set, score the rest."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ml.data.cache import FrameCache
from ml.data.manifest import Item, Manifest
from ml.data.progress import OnProgress, ShouldStop, ignore_progress, never_stop
from ml.inference.batches import pick_device
from ml.inference.passes import parse_passes
from ml.inference.score import Scores, score_items
from ml.models.files import ModelCard
from ml.models.network import Network
from ml.training.collect import collect
from ml.training.config import TrainConfig
from ml.training.examples import Examples
from ml.training.loop import fit
from ml.training.plan import preprocess_for, settle
from ml.training.report import headline_value
from ml.training.train import new_network

_BATCH = 64


@dataclass(frozen=True)
class Trained:
    """A round's network and its score on the test set."""

    network: Network
    card: ModelCard
    value: float


class Learner:
    """Trains, measures and scores with one recipe over one cache; see the module's docstring."""

    def __init__(
        self,
        manifest: Manifest,
        recipe: TrainConfig,
        cache_dir: Path,
        *,
        passes: str = "flips",
        on_progress: OnProgress = ignore_progress,
        should_stop: ShouldStop = never_stop,
    ) -> None:
        self._manifest, self._stop = manifest, should_stop
        pool = manifest.split("train", labelled=True)
        self.recipe = settle(recipe, pool)
        self._test = manifest.split("test", labelled=True)
        self._cache = FrameCache(cache_dir, preprocess_for(self.recipe, pool))
        frames = [frame for item in (*pool, *self._test) for frame in item.frames]
        self._cache.ensure(frames, on_progress=on_progress, should_stop=should_stop)
        self._passes = parse_passes(passes, self.recipe.flips)
        self._device = pick_device(self.recipe.device, self.recipe.threads)

    def train(self, items: Sequence[Item], seed: int) -> Trained:
        """Train from scratch on ``items`` by the recipe's fixed number of steps; measured on the test split."""
        recipe = replace(self.recipe, seed=seed)
        task = self._manifest.task
        network, card, _ = new_network(task, recipe, self._cache.preprocess)
        fitted = fit(
            network, Examples(items, task, self._cache, self._device), recipe, should_stop=self._stop
        )
        found = collect(
            fitted.network,
            card,
            self._cache,
            self._test,
            passes=parse_passes("plain"),
            batch_size=_BATCH,
            device=self._device,
            should_stop=self._stop,
        )
        value = headline_value(found, task)
        return Trained(fitted.network, card, float("nan") if value is None else value)

    def score(self, trained: Trained, items: Sequence[Item]) -> Scores:
        """Scores of ``items`` as :func:`ml.inference.score.score` writes them."""
        rows = [
            row
            for _, row in score_items(
                trained.network,
                trained.card,
                self._cache,
                items,
                passes=self._passes,
                batch_size=_BATCH,
                device=self._device,
                should_stop=self._stop,
            )
        ]
        scores: Scores = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
        scores["ids"] = np.array([item.id for item in items], dtype=str)
        return scores
