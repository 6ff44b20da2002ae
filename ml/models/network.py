"""One network for every task: a trunk, a linear head per question, mask logits where there are classes."""

from dataclasses import dataclass
from typing import NamedTuple, cast

import torch
from torch import nn
from torch.nn import functional

from ml.data.task import Question, Task
from ml.models.guidance import guidance_channels
from ml.models.registry import ARCHITECTURES, architecture
from ml.models.trunks import build_trunk

FREEZING = ("none", "early", "backbone")


class Output(NamedTuple):
    """What a forward pass gives: logits [B, k] per question, mask logits [B, K + 1, H, W] or None, [B, D]."""

    answers: dict[str, torch.Tensor]
    masks: torch.Tensor | None
    embedding: torch.Tensor


@dataclass(frozen=True)
class NetworkSpec:
    """What must be known to build a network again. ``interactive`` networks take guidance beside the image."""

    architecture: str
    channels: int
    size: tuple[int, int]
    dropout: float = 0.1
    interactive: bool = False


class Network(nn.Module):
    """See the module's docstring; questions keep their order in ``heads``."""

    def __init__(self, spec: NetworkSpec, task: Task) -> None:
        super().__init__()
        check_fit(spec.architecture, task)
        self.spec, self.task = spec, task
        self.guidance = guidance_channels(len(task.classes)) if spec.interactive and task.classes else 0
        self.trunk = build_trunk(
            spec.architecture,
            channels=spec.channels + self.guidance,
            classes=len(task.classes),
            size=spec.size,
            dropout=spec.dropout,
        )
        self.dropout = nn.Dropout(spec.dropout)
        width = cast(int, self.trunk.embedding)
        self.heads = nn.ModuleList(nn.Linear(width, head_width(question)) for question in task.questions)

    def forward(self, x: torch.Tensor) -> Output:
        """Images [B, C, H, W]; of an interactive network, guidance may follow the image's channels."""
        if x.shape[1] == self.spec.channels and self.guidance:
            x = functional.pad(x, (0, 0, 0, 0, 0, self.guidance))
        embedding, masks = self.trunk(x)
        features = self.dropout(embedding)
        pairs = zip(self.task.questions, self.heads, strict=True)
        answers = {question.key: head(features) for question, head in pairs}
        return Output(answers, masks if self.task.classes else None, embedding)

    def freeze(self, policy: str) -> None:
        """Stop gradients in ``early`` (the first half of the trunk's parameters) or the whole ``backbone``.

        Raises:
            ValueError: an unknown policy, or a frozen backbone for masks, whose decoder lies in it.
        """
        if policy not in FREEZING:
            raise ValueError(f"The freezing policy is one of {', '.join(FREEZING)}, not “{policy}”.")
        if policy == "backbone" and self.task.classes:
            raise ValueError("A segmenter cannot learn with a frozen backbone; freeze “early” or “none”.")
        total = sum(parameter.numel() for parameter in self.trunk.parameters())
        limit = {"none": 0, "early": total // 2, "backbone": total}[policy]
        counted = 0
        for parameter in self.trunk.parameters():
            counted += parameter.numel()
            parameter.requires_grad_(counted > limit)

    def train(self, mode: bool = True) -> "Network":
        """Training mode, except for the BatchNorm of frozen parts, whose statistics must stay as they came."""
        super().train(mode)
        for module in self.trunk.modules():
            normalises = isinstance(module, nn.modules.batchnorm._BatchNorm) and module.weight is not None
            if normalises and not module.weight.requires_grad:
                module.eval()
        return self


def on_device(network: Network, device: torch.device) -> Network:
    """Move a network to ``device`` with its filters channels last, which convolutions there like best."""
    network.to(device)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def head_width(question: Question) -> int:
    """Outputs of a question's head: one an option, for ordinal ones one a threshold between options."""
    return len(question.options) - (question.type == "ordinal")


def check_fit(name: str, task: Task) -> None:
    """Whether an architecture can learn a task.

    Raises:
        ValueError: with the architectures that can.
    """
    needed = task.kinds - {"detection"}
    if not needed <= architecture(name).kinds:
        able = [card.name for card in ARCHITECTURES.values() if needed <= card.kinds]
        raise ValueError(
            f"“{name}” cannot learn {' and '.join(sorted(needed))}; choose one of {', '.join(able)}."
        )


def answer_probabilities(question: Question, logits: torch.Tensor, temperature: float = 1.0) -> torch.Tensor:
    """Probabilities [..., options] from a head's logits [..., head_width].

    ``single``: softmax; ``multiple``: a sigmoid per option; ``ordinal``: CORN (Shi, Cao & Raschka 2021,
    arXiv:2111.08851), where logit k is P(y > k | y > k − 1), so the products never increase and their differences
    are probabilities.
    """
    scaled = logits.float() / temperature
    if question.type == "single":
        return torch.softmax(scaled, dim=-1)
    if question.type == "multiple":
        return torch.sigmoid(scaled)
    above = torch.cumprod(torch.sigmoid(scaled), dim=-1)
    ones = torch.ones_like(above[..., :1])
    return torch.cat([ones, above], dim=-1) - torch.cat([above, torch.zeros_like(ones)], dim=-1)
