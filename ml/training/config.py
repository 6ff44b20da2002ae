"""The recipe of a training run: one frozen dataclass, its defaults and how they follow from the task."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from ml.data.task import Task
from ml.data.transforms import Augmentation
from ml.models.registry import architecture, fit_size

PRESETS = ("auto", "quick", "standard")


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides a run, beside its manifest.

    ``steps`` 0 means ``steps_per_label`` × labelled frames, within ``min_steps`` and ``max_steps``; the run is cut
    into ``epochs`` equal parts, after each of which it is validated and checkpointed. ``channels`` 0 means: three
    when the images have colour. ``window`` (low, high) in HU is found for CT where there are masks to learn.
    ``interactive`` trains masks with simulated clicks as well, so that one network serves automatic masks and clicks.
    ``threads`` 0 leaves torch's. ``focal_below`` is the prevalence of the rarest option under which focal loss is
    used. ``reasons`` say in plain words why the values are what they are.
    """

    architecture: str = "resnet18"
    size: int = 224
    channels: int = 0
    window: tuple[float, float] | None = None
    batch_size: int = 16
    steps: int = 0
    steps_per_label: float = 4.0
    min_steps: int = 150
    max_steps: int = 3000
    epochs: int = 10
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    warmup: float = 0.05
    clip_norm: float = 5.0
    ema_decay: float = 0.98
    dropout: float = 0.1
    label_smoothing: float = 0.05
    class_weights: bool = True
    focal_below: float = 0.05
    foreground_share: float = 0.4
    interactive: bool = False
    augmentation: Augmentation = field(default_factory=Augmentation)
    weights: str = "none"
    weights_licence: str = ""
    freeze: str = "none"
    patience: int = 4
    min_validation: int = 50
    passes: str = "flips"
    bootstrap: int = 500
    amp: bool = True
    device: str = "auto"
    threads: int = 0
    decode_workers: int = 2
    seed: int = 0
    reasons: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        size = fit_size(self.architecture, self.size)
        object.__setattr__(self, "size", size)
        positive = {"batch_size": self.batch_size, "epochs": self.epochs, "learning_rate": self.learning_rate}
        for name, value in positive.items():
            if value <= 0:
                raise ValueError(f"“{name}” must be above zero, not {value}.")
        if not 0 <= self.dropout < 1 or not 0 <= self.ema_decay < 1:
            raise ValueError("“dropout” and “ema_decay” lie from 0 up to, but not including, 1.")
        if self.channels not in (0, 1, 3):
            raise ValueError("“channels” is 0 (found out), 1 or 3.")

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        return asdict(self)

    @staticmethod
    def from_json(raw: Mapping[str, Any]) -> "TrainConfig":
        """Read a configuration; what is missing keeps its default.

        Raises:
            ValueError: an unknown name or a value that cannot be.
        """
        known = {entry.name for entry in fields(TrainConfig)}
        unknown = sorted(set(raw) - known)
        if unknown:
            raise ValueError(f"Unknown settings: {', '.join(unknown)}. Known: {', '.join(sorted(known))}.")
        values = dict(raw)
        if isinstance(values.get("augmentation"), Mapping):
            values["augmentation"] = Augmentation(**values["augmentation"])
        if values.get("window") is not None:
            values["window"] = tuple(values["window"])
        values["reasons"] = tuple(values.get("reasons", ()))
        try:
            return TrainConfig(**values)
        except TypeError as error:
            raise ValueError(f"A setting has the wrong type: {error}") from error

    @staticmethod
    def for_task(
        task: Task, *, labels: int, preset: str = "auto", device: str = "cpu", side: int = 0
    ) -> "TrainConfig":
        """The default recipe for a task.

        Args:
            labels: labelled frames; steps follow from it when the run starts.
            preset: ``quick`` for a minute on two CPU cores, ``standard`` for a GPU, ``auto`` by the device.
            device: ``cpu`` or ``cuda``.
            side: the images' longer side in pixels where known; a canvas is never larger than it needs to be.

        Raises:
            ValueError: an unknown preset.
        """
        if preset not in PRESETS:
            raise ValueError(f"The preset is one of {', '.join(PRESETS)}, not “{preset}”.")
        quick = preset == "quick" or (preset == "auto" and device == "cpu")
        masks = "segmentation" in task.kinds
        config = (_quick_masks if masks else _quick_answers)() if quick else _standard(masks, labels)
        why = "on a CPU" if device == "cpu" and preset == "auto" else f"by the preset “{preset}”"
        reasons = [f"{architecture(config.architecture).title} was chosen {why}."]
        if side and side < config.size:
            config = replace(config, size=side)
            reasons.append(f"Canvas of {config.size} pixels: the images have no more.")
        else:
            reasons.append(f"Images are brought to {config.size} × {config.size} pixels, their aspect kept.")
        if device == "cpu":
            cores = os.cpu_count() or 1
            config = replace(config, threads=max(1, cores - 1))
            reasons.append(
                f"{config.threads} of {cores} processor cores compute; what is left serves the website."
            )
        return replace(config, reasons=tuple(reasons))

    def with_steps(self, labels: int) -> "TrainConfig":
        """The same recipe with its number of steps settled for ``labels`` labelled frames."""
        if self.steps:
            return self
        steps = int(min(self.max_steps, max(self.min_steps, self.steps_per_label * labels)))
        reason = f"{steps} optimiser steps for {labels} labelled images."
        return replace(self, steps=steps, reasons=(*self.reasons, reason))

    @property
    def flips(self) -> tuple[str, ...]:
        """The axes that training flips, and that flipped passes may therefore use."""
        chosen = {
            "horizontal": self.augmentation.flip_horizontal,
            "vertical": self.augmentation.flip_vertical,
        }
        return tuple(axis for axis, on in chosen.items() if on)


_MASK_AUGMENTATION = Augmentation(elastic=0.02, gamma=0.3, flip_vertical=True)


def _quick_answers() -> TrainConfig:
    return TrainConfig(
        architecture="small_cnn",
        size=96,
        batch_size=16,
        min_steps=300,
        max_steps=600,
        learning_rate=2e-3,
        bootstrap=200,
    )


def _quick_masks() -> TrainConfig:
    return TrainConfig(
        architecture="small_unet",
        size=128,
        batch_size=8,
        min_steps=150,
        max_steps=500,
        steps_per_label=2.0,
        learning_rate=3e-3,
        interactive=True,
        augmentation=_MASK_AUGMENTATION,
        bootstrap=200,
    )


def _standard(masks: bool, labels: int) -> TrainConfig:
    if masks:
        return TrainConfig(
            architecture="unet",
            size=256,
            batch_size=16,
            min_steps=500,
            steps_per_label=5.0,
            interactive=True,
            augmentation=_MASK_AUGMENTATION,
        )
    name = "resnet18" if labels < 2000 else "resnet50"
    return TrainConfig(architecture=name, batch_size=32, weights="hub", learning_rate=3e-4)
