"""Several looks at the same image in one batch: plain, flips, Monte-Carlo dropout.

All passes of a batch are folded into one forward pass of [P · B, C, H, W].
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product

import torch
from torch import nn

from ml.models.network import Network, Output

_AXES = {"horizontal": -1, "vertical": -2}


@dataclass(frozen=True)
class Passes:
    """What to do per pass: ``flips`` holds the axes flipped in each (() is the plain image); ``dropout`` whether
    units are dropped at random."""

    name: str
    flips: tuple[tuple[int, ...], ...] = ((),)
    dropout: bool = False

    def __len__(self) -> int:
        return len(self.flips)


def parse_passes(name: str, allowed_flips: tuple[str, ...] = ()) -> Passes:
    """``plain``; ``flips`` (every combination of the axes the model was trained to ignore); ``dropout:T``.

    Raises:
        ValueError: another name, or fewer than two dropout passes.
    """
    if name == "plain":
        return Passes(name)
    if name == "flips":
        axes = [((), (_AXES[axis],)) for axis in sorted(allowed_flips)]
        return Passes(name, tuple(sum(chosen, ()) for chosen in product(*axes)))
    kind, _, count = name.partition(":")
    if kind == "dropout" and count.isdigit() and int(count) >= 2:
        return Passes(name, ((),) * int(count), dropout=True)
    raise ValueError(f"Passes are “plain”, “flips” or “dropout:8” (two or more), not “{name}”.")


@contextmanager
def dropping(network: nn.Module) -> Iterator[None]:
    """Switch on dropout alone: BatchNorm stays in evaluation mode, or its batch statistics would pass for doubt.

    Raises:
        ValueError: the network has no dropout to switch on, so all passes would agree.
    """
    layers = [m for m in network.modules() if isinstance(m, nn.modules.dropout._DropoutNd) and m.p > 0]
    if not layers:
        raise ValueError("This model has no dropout; train it with “dropout” above 0 or use flips.")
    modes = [layer.training for layer in layers]
    for layer in layers:
        layer.train()
    try:
        yield
    finally:
        for layer, mode in zip(layers, modes, strict=True):
            layer.train(mode)


def forward_passes(network: Network, images: torch.Tensor, passes: Passes) -> Output:
    """Run all passes over images [B, C, H, W].

    Returns an :class:`Output` whose answers are [P, B, k], masks [P, B, K + 1, H, W] turned back to the image's
    orientation, and embedding [B, D]: of the plain pass, or the mean over dropout passes.
    """
    count, batch = len(passes), images.shape[0]
    turned = [torch.flip(images, axes) if axes else images for axes in passes.flips]
    folded = torch.cat(turned) if count > 1 else images
    folded = folded.contiguous(memory_format=torch.channels_last)
    if passes.dropout:
        with dropping(network):
            output = network(folded)
    else:
        output = network(folded)
    answers = {key: logits.view(count, batch, -1) for key, logits in output.answers.items()}
    embedding = output.embedding.view(count, batch, -1)
    embedding = embedding.mean(0) if passes.dropout else embedding[0]
    return Output(answers, _turn_back(output.masks, passes, batch), embedding)


def _turn_back(masks: torch.Tensor | None, passes: Passes, batch: int) -> torch.Tensor | None:
    if masks is None:
        return None
    parts = masks.split(batch)
    return torch.stack(
        [torch.flip(m, axes) if axes else m for m, axes in zip(parts, passes.flips, strict=True)]
    )
