"""Batches for training: canvases, targets and masks of labelled frames, augmented on the device."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ml.data.cache import Batch, FrameCache
from ml.data.manifest import Item
from ml.data.task import Task
from ml.data.transforms import Augmentation, augment
from ml.data.units import MaskStore, Unit, encode_answers, units_of
from ml.inference.batches import to_device
from ml.training.losses import AnswerLoss, TaskLoss, option_weights, rarest_share
from ml.training.sampling import Sampler, generator_for

RESIDENT_BYTES = 2**30


@dataclass(frozen=True)
class Example:
    """One step's input: z-scored images [B, C, H, W], targets per question, class masks uint8 [B, H, W]."""

    images: torch.Tensor
    targets: dict[str, torch.Tensor]
    masks: torch.Tensor | None


class Examples:
    """The labelled frames of one run. Small sets are held in memory, larger ones read from the cache's maps."""

    def __init__(self, items: Sequence[Item], task: Task, cache: FrameCache, device: torch.device) -> None:
        self.units: tuple[Unit, ...] = units_of(items)
        self.task, self.device = task, device
        self._cache = cache
        owners = [unit.item for unit in self.units]
        self.targets = {q.key: encode_answers(owners, q) for q in task.questions}
        self._masks = MaskStore(task, cache) if task.classes else None
        self._resident: Batch | None = None
        if self.units and len(self.units) * cache.frame_bytes <= RESIDENT_BYTES:
            self._resident = cache.gather([unit.frame for unit in self.units])

    def __len__(self) -> int:
        return len(self.units)

    def loss(self, *, smoothing: float, class_weights: bool, focal_below: float) -> TaskLoss:
        """The loss for these labels: weights from their frequencies, focal where an option is rare."""
        answers = {}
        for question in self.task.questions:
            target = self.targets[question.key]
            weights = option_weights(target, question) if class_weights else torch.ones(len(question.options))
            focal = rarest_share(target, question) < focal_below
            answers[question.key] = AnswerLoss(question, weights, smoothing=smoothing, focal=focal)
        return TaskLoss(answers, masks=bool(self.task.classes)).to(self.device)

    def sampler(self, batch_size: int, seed: int, foreground_share: float) -> Sampler:
        """Which frames each step sees."""
        share = foreground_share if self.task.classes else 0.0
        return Sampler(self.units, batch_size, seed, share)

    def example(self, chosen: Sequence[int], augmentation: Augmentation, seed: int, step: int) -> Example:
        """The augmented batch of the units numbered ``chosen``; the same for the same arguments."""
        rows = torch.tensor(chosen)
        images = to_device(self._read(rows), self.device)
        masks = None
        if self._masks is not None:
            masks = self._masks.gather([self.units[i] for i in chosen]).to(self.device)
        images, masks = augment(images, masks, augmentation, generator_for(seed, step, salt=3))
        images = images.contiguous(memory_format=torch.channels_last)
        targets = {key: values[rows].to(self.device) for key, values in self.targets.items()}
        return Example(images, targets, masks)

    def _read(self, rows: torch.Tensor) -> Batch:
        if self._resident is None:
            return self._cache.gather([self.units[i].frame for i in rows.tolist()])
        held = self._resident
        placements = tuple(held.placements[i] for i in rows.tolist())
        return Batch(held.pixels[rows], held.mean[rows], held.std[rows], placements)
