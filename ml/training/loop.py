"""The optimisation loop: fixed steps, AdamW, cosine, moving average, checkpoints; the same on every resume.

Nothing random depends on how far a run came in one go: the batch, the augmentation and dropout of step s are
functions of the seed and s alone. A run that was interrupted therefore ends bit-equal on a CPU.
"""

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ml.data.progress import OnProgress, Pace, Progress, ShouldStop, ignore_progress, never_stop
from ml.inference.batches import autocast
from ml.models.network import Network
from ml.training.checkpoint import load_checkpoint, save_checkpoint
from ml.training.clicks import simulated_guidance
from ml.training.config import TrainConfig
from ml.training.ema import MovingAverage
from ml.training.examples import Example, Examples

CURVE_FILE = "curve.jsonl"
_REPORT_SECONDS = 0.3

Validate = Callable[[Network], float | None]


class TrainingError(ValueError):
    """Training cannot go on; ``reason`` is a stable code, the message says what to do."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Fit:
    """How the loop ended: ``finished`` or ``cancelled``; ``network`` is the averaged one."""

    state: str
    steps: int
    network: Network
    history: list[dict[str, Any]]
    stopped_early: bool = False


@dataclass
class _State:
    """What a checkpoint holds, live."""

    network: Network
    average: MovingAverage
    optimizer: torch.optim.Optimizer
    step: int
    history: list[dict[str, Any]]
    best: dict[str, Any]


def fit(
    network: Network,
    examples: Examples,
    config: TrainConfig,
    *,
    validate: Validate | None = None,
    early_stopping: bool = False,
    run_dir: Path | None = None,
    on_progress: OnProgress = ignore_progress,
    should_stop: ShouldStop = never_stop,
) -> Fit:
    """Train ``network`` for ``config.steps`` steps, going on from the checkpoint in ``run_dir`` where there is one.

    ``validate`` is called with the averaged network after each of ``config.epochs`` parts and returns the metric
    (higher is better) or None. With ``early_stopping`` the best average is kept, and training ends when the metric
    has not risen for ``config.patience`` parts. Without ``run_dir`` nothing is written.

    Raises:
        TrainingError: ``diverged``, when the loss is no longer a number.
    """
    loss = examples.loss(
        smoothing=config.label_smoothing, class_weights=config.class_weights, focal_below=config.focal_below
    )
    sampler = examples.sampler(config.batch_size, config.seed, config.foreground_share)
    state = _start(network, config, run_dir)
    ends = epoch_ends(config.steps, config.epochs)
    pace, reported, value = Pace(state.step), 0.0, math.nan
    clock = time.monotonic()
    while state.step < config.steps and not _exhausted(state, config, early_stopping):
        if should_stop():
            _save(state, run_dir)
            return Fit("cancelled", state.step, state.average.network, state.history)
        example = examples.example(sampler.batch(state.step), config.augmentation, config.seed, state.step)
        value_tensor = _step(state, example, loss, config)
        state.step += 1
        if state.step in ends:
            value = _checked(value_tensor)
            _end_epoch(state, validate, value, config, time.monotonic() - clock, run_dir)
        if time.monotonic() - reported > _REPORT_SECONDS or state.step == config.steps:
            value, reported = _checked(value_tensor), time.monotonic()
            metric = state.history[-1]["metric"] if state.history else None
            eta = pace.eta(state.step, config.steps)
            on_progress(Progress("train", state.step, config.steps, value, metric, eta))
    if early_stopping and state.best.get("average"):
        state.average.network.load_state_dict(state.best["average"])
    stopped = state.step < config.steps
    return Fit("finished", state.step, state.average.network, state.history, stopped)


def epoch_ends(steps: int, epochs: int) -> frozenset[int]:
    """After which steps an epoch ends: ``epochs`` parts as equal as can be, the last at ``steps``."""
    return frozenset(math.ceil(steps * (part + 1) / epochs) for part in range(epochs))


def learning_rate(step: int, config: TrainConfig) -> float:
    """Linear warm-up over ``warmup`` × steps, then a half cosine to zero (Loshchilov & Hutter 2017)."""
    warm = max(1, round(config.warmup * config.steps))
    if step < warm:
        return config.learning_rate * (step + 1) / warm
    done = (step - warm) / max(1, config.steps - warm)
    return config.learning_rate * 0.5 * (1 + math.cos(math.pi * done))


def make_optimizer(network: nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
    """AdamW; biases and normalisation parameters are not decayed."""
    learned = [p for p in network.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in learned if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in learned if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=config.learning_rate)


def _start(network: Network, config: TrainConfig, run_dir: Path | None) -> _State:
    state = _State(
        network, MovingAverage(network, config.ema_decay), make_optimizer(network, config), 0, [], {}
    )
    saved = load_checkpoint(run_dir) if run_dir else None
    if saved is not None:
        network.load_state_dict(saved["network"])
        state.average.network.load_state_dict(saved["average"])
        state.optimizer.load_state_dict(saved["optimizer"])
        state.step, state.history, state.best = saved["step"], saved["history"], saved["best"]
    if run_dir:
        lines = [json.dumps(entry) + "\n" for entry in state.history]
        (run_dir / CURVE_FILE).write_text("".join(lines))
    return state


def _step(state: _State, example: Example, loss: nn.Module, config: TrainConfig) -> torch.Tensor:
    torch.manual_seed(config.seed * 1_000_003 + state.step)  # dropout
    rate = learning_rate(state.step, config)
    for group in state.optimizer.param_groups:
        group["lr"] = rate
    state.network.train()
    state.optimizer.zero_grad(set_to_none=True)
    images = _guided(state, example, config)
    with autocast(images.device, config.amp):
        output = state.network(images)
    value: torch.Tensor = loss(output, example.targets, example.masks)
    value.backward()
    nn.utils.clip_grad_norm_(state.network.parameters(), config.clip_norm)
    state.optimizer.step()
    state.average.update(state.network, state.step)
    return value.detach()


def _guided(state: _State, example: Example, config: TrainConfig) -> torch.Tensor:
    """The images, with simulated clicks beside them in half of an interactive network's batches."""
    if not state.network.guidance or example.masks is None:
        return example.images
    guidance = simulated_guidance(
        state.network, example.images, example.masks, seed=config.seed, step=state.step
    )
    return example.images if guidance is None else torch.cat([example.images, guidance], dim=1)


def _checked(value: torch.Tensor) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise TrainingError("diverged", "The loss is no longer a number; try a lower learning rate.")
    return number


def _end_epoch(
    state: _State,
    validate: Validate | None,
    loss: float,
    config: TrainConfig,
    seconds: float,
    run_dir: Path | None,
) -> None:
    metric = validate(state.average.network) if validate else None
    entry = {
        "step": state.step,
        "steps": config.steps,
        "loss": round(loss, 6),
        "metric": metric,
        "learning_rate": learning_rate(state.step - 1, config),
        "seconds": round(seconds, 2),
    }
    state.history.append(entry)
    if metric is not None and metric > state.best.get("metric", -math.inf):
        average = {name: value.clone() for name, value in state.average.network.state_dict().items()}
        state.best = {"metric": metric, "epoch": len(state.history), "average": average}
    if run_dir:
        with (run_dir / CURVE_FILE).open("a") as file:
            file.write(json.dumps(entry) + "\n")
    _save(state, run_dir)


def _exhausted(state: _State, config: TrainConfig, early_stopping: bool) -> bool:
    best = state.best.get("epoch")
    return early_stopping and best is not None and len(state.history) - best >= config.patience


def _save(state: _State, run_dir: Path | None) -> None:
    if run_dir is None:
        return
    saved = {
        "network": state.network.state_dict(),
        "average": state.average.network.state_dict(),
        "optimizer": state.optimizer.state_dict(),
        "step": state.step,
        "history": state.history,
        "best": state.best,
    }
    save_checkpoint(run_dir, saved, step=state.step)
