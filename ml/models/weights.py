"""Pretrained weights: from a local file, from torchvision's hub, or none — and a plain record of which.

Files are safetensors, or pickles read with ``weights_only=True``, which cannot run code.
"""

import hashlib
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ml.models.network import Network
from ml.models.registry import architecture

HUB_TIMEOUT_SECONDS = 10.0
MINIMUM_SHARE = 0.5


class WeightsError(ValueError):
    """Weights that cannot be used; the message says what to do."""

    reason = "weights_unusable"


@dataclass(frozen=True)
class WeightsRecord:
    """Where a network's first weights came from. ``share`` is the part of the trunk's values that they filled."""

    source: str
    reason: str
    licence: str = ""
    sha256: str = ""
    share: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        return asdict(self)


def initialise(network: Network, weights: str, *, licence: str = "") -> WeightsRecord:
    """Give ``network`` its first weights.

    Args:
        weights: ``none``, ``hub`` (torchvision's ImageNet weights; from scratch when they cannot be had) or the
            path of a file.
        licence: the file's licence as its owner states it.

    Raises:
        WeightsError: the file is missing, is not a state dictionary, or fits less than half of the trunk.
    """
    if weights == "none":
        return WeightsRecord("scratch", "Trained from scratch: no pretrained weights were asked for.")
    if weights == "hub":
        return _from_hub(network)
    path = Path(weights)
    if not path.is_file():
        raise WeightsError(
            "There is no weights file at the given path; use “none”, “hub” or an existing file."
        )
    share = load_trunk(network.trunk, read_state(path))
    if share < MINIMUM_SHARE:
        raise WeightsError(
            f"The weights fit only {share:.0%} of “{network.spec.architecture}”; they belong to another network."
        )
    return WeightsRecord("file", f"Weights from the file {path.name}.", licence, file_sha256(path), share)


def _from_hub(network: Network) -> WeightsRecord:
    name = network.spec.architecture
    if not architecture(name).pretrained:
        return WeightsRecord("scratch", f"Trained from scratch: the hub has no weights for “{name}”.")
    from torchvision import models

    timeout = socket.getdefaulttimeout()
    socket.setdefaulttimeout(HUB_TIMEOUT_SECONDS)
    try:
        chosen = models.get_model_weights(name).DEFAULT
        state = chosen.get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError) as error:
        return WeightsRecord(
            "scratch", f"Trained from scratch: the hub was not reached ({type(error).__name__})."
        )
    finally:
        socket.setdefaulttimeout(timeout)
    share = load_trunk(network.trunk, dict(state))
    return WeightsRecord(
        "hub", f"ImageNet weights {chosen} from torchvision's hub.", "BSD-3-Clause", "", share
    )


def read_state(path: Path) -> dict[str, torch.Tensor]:
    """A state dictionary from safetensors or a ``weights_only`` pickle.

    Raises:
        WeightsError: the file is neither.
    """
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # safetensors and unpickling raise many kinds
        raise WeightsError(f"The weights file cannot be read ({type(error).__name__}).") from error
    state = state.get("state_dict", state) if isinstance(state, dict) else state
    if not isinstance(state, dict) or not all(isinstance(v, torch.Tensor) for v in state.values()):
        raise WeightsError("The weights file holds no state dictionary of tensors.")
    return state


def load_trunk(trunk: nn.Module, state: dict[str, torch.Tensor]) -> float:
    """Copy what fits by name into the trunk; returns the share of its parameters that were filled.

    Names may carry the prefixes ``trunk.``, ``body.`` or ``module.``. A stem for another number of channels gets the
    sum (or the mean, repeated) of the stored one over its channels, which keeps its response to grey images.
    """
    own = trunk.state_dict()
    given = {_plain(name): value for name, value in state.items()}
    fitting = {}
    for name, value in own.items():
        found = given.get(_plain(name))
        if found is None:
            continue
        adapted = _adapt(found, value)
        if adapted is not None:
            fitting[name] = adapted.to(value.dtype)
    trunk.load_state_dict(fitting, strict=False)
    parameters = {name: value.numel() for name, value in trunk.named_parameters()}
    return sum(n for name, n in parameters.items() if name in fitting) / sum(parameters.values())


def _plain(name: str) -> str:
    for prefix in ("module.", "trunk.", "body."):
        name = name.removeprefix(prefix)
    return name


def _adapt(found: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor | None:
    if found.shape == wanted.shape:
        return found
    is_stem = found.ndim == wanted.ndim == 4 and found.shape[0] == wanted.shape[0]
    if is_stem and found.shape[2:] == wanted.shape[2:] and {found.shape[1], wanted.shape[1]} == {1, 3}:
        total = found.sum(dim=1, keepdim=True)
        return (total / wanted.shape[1]).expand_as(wanted).clone()
    if found.ndim == 3 and found.shape[::2] == wanted.shape[::2]:
        return _resize_positions(found, wanted.shape[1])
    return None


def _resize_positions(found: torch.Tensor, length: int) -> torch.Tensor:
    """A vision transformer's position embeddings [1, 1 + n², D] for another number of patches."""
    token, grid = found[:, :1], found[:, 1:]
    old, new = round(grid.shape[1] ** 0.5), round((length - 1) ** 0.5)
    planes = grid.reshape(1, old, old, -1).permute(0, 3, 1, 2)
    planes = nn.functional.interpolate(planes, size=(new, new), mode="bicubic", align_corners=True)
    return torch.cat([token, planes.permute(0, 2, 3, 1).reshape(1, new * new, -1)], dim=1)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
