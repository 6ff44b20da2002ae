"""A trained model on disk: ``model.json`` (what it is) and ``weights.safetensors`` (its numbers)."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from ml.data.preprocess import Preprocess
from ml.data.task import Task, task_from_json
from ml.models.network import Network, NetworkSpec, on_device
from ml.models.weights import WeightsError, file_sha256

MODEL_FILE = "model.json"
WEIGHTS_FILE = "weights.safetensors"


@dataclass(frozen=True)
class ModelCard:
    """Everything inference needs beside the weights.

    ``flips`` are the axes ("horizontal", "vertical") the model was trained to ignore, so that flipped passes are
    fair. ``temperatures`` hold one divisor of the logits per question key, and ``"masks"``.
    """

    network: NetworkSpec
    task: Task
    preprocess: Preprocess
    flips: tuple[str, ...] = ()
    temperatures: dict[str, float] = field(default_factory=dict)
    weights_sha256: str = ""

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        return {
            "format": "fovea-model-1",
            "network": {
                "architecture": self.network.architecture,
                "channels": self.network.channels,
                "size": list(self.network.size),
                "dropout": self.network.dropout,
                "interactive": self.network.interactive,
            },
            "task": self.task.to_json(),
            "preprocess": self.preprocess.to_json(),
            "flips": list(self.flips),
            "temperatures": self.temperatures,
            "weights_sha256": self.weights_sha256,
        }


def save_model(run_dir: Path, card: ModelCard, state: dict[str, torch.Tensor]) -> ModelCard:
    """Write weights and card, each by an atomic rename; returns the card with the weights' hash."""
    part = run_dir / f".{WEIGHTS_FILE}.part"
    save_file({name: value.detach().cpu().contiguous() for name, value in state.items()}, part)
    weights = part.rename(run_dir / WEIGHTS_FILE)
    stamped = ModelCard(
        card.network, card.task, card.preprocess, card.flips, card.temperatures, file_sha256(weights)
    )
    save_card(run_dir, stamped)
    return stamped


def save_card(run_dir: Path, card: ModelCard) -> None:
    """Write ``model.json`` by an atomic rename."""
    part = run_dir / f".{MODEL_FILE}.part"
    part.write_text(json.dumps(card.to_json(), indent=1, ensure_ascii=False))
    part.rename(run_dir / MODEL_FILE)


def read_card(run_dir: Path) -> ModelCard:
    """Read ``model.json``.

    Raises:
        WeightsError: the run has no finished model.
    """
    try:
        raw = json.loads((Path(run_dir) / MODEL_FILE).read_text())
    except FileNotFoundError as error:
        raise WeightsError("This run has no model yet; let its training finish first.") from error
    net = raw["network"]
    rows, columns = net["size"]
    return ModelCard(
        network=NetworkSpec(
            net["architecture"],
            net["channels"],
            (rows, columns),
            net["dropout"],
            net.get("interactive", False),
        ),
        task=task_from_json(raw["task"]),
        preprocess=Preprocess.from_json(raw["preprocess"]),
        flips=tuple(raw["flips"]),
        temperatures={str(key): float(value) for key, value in raw["temperatures"].items()},
        weights_sha256=raw["weights_sha256"],
    )


def load_model(run_dir: Path, device: torch.device) -> tuple[Network, ModelCard]:
    """The trained network in evaluation mode on ``device``, channels last, its bytes checked against the card.

    Raises:
        WeightsError: there is no model, or its weights are not the ones the card names.
    """
    card = read_card(run_dir)
    path = Path(run_dir) / WEIGHTS_FILE
    if file_sha256(path) != card.weights_sha256:
        raise WeightsError("The weights are not the ones this run's model card names; train again.")
    network = Network(card.network, card.task)
    network.load_state_dict(load_file(path))
    network.eval()
    return on_device(network, device), card
