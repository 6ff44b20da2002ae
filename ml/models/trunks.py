"""The bodies of the networks: torchvision classifiers and MONAI segmenters, cut to one contract.

A trunk maps images [B, C, H, W] to ``(embedding [B, D], mask logits [B, K + 1, H, W] or None)``.
torchvision and MONAI are imported where they are used: each costs seconds.
"""

from typing import Any

import torch
from torch import nn

from ml.models.registry import architecture
from ml.models.small_cnn import EMBEDDING, SmallCNN

Trunked = tuple[torch.Tensor, torch.Tensor | None]


class ClassifierTrunk(nn.Module):
    """A classifier without its last layer."""

    def __init__(self, body: nn.Module, embedding: int) -> None:
        super().__init__()
        self.body = body
        self.embedding = embedding

    def forward(self, x: torch.Tensor) -> Trunked:
        return self.body(x), None


class SegmenterTrunk(nn.Module):
    """A segmenter whose coarsest features, averaged over the image, are the embedding."""

    def __init__(self, body: nn.Module, channels: int, side: int) -> None:
        super().__init__()
        self.body = body
        self._coarse: list[torch.Tensor] = []
        bottleneck, self.embedding = find_bottleneck(body, channels, side)
        bottleneck.register_forward_hook(self._keep)

    def _keep(self, module: nn.Module, inputs: Any, output: torch.Tensor) -> None:
        self._coarse.append(output)

    def forward(self, x: torch.Tensor) -> Trunked:
        self._coarse.clear()
        masks = self.body(x)
        return self._coarse.pop().mean(dim=(2, 3)), masks


def build_trunk(
    name: str, *, channels: int, classes: int, size: tuple[int, int], dropout: float
) -> nn.Module:
    """Build a trunk with random weights.

    Args:
        name: an architecture of the registry.
        channels: 1 or 3 image channels.
        classes: mask classes beside the background (0 for classifiers).
        size: rows and columns of the canvas.
        dropout: in segmenters, the share of features dropped in each convolution block.
    """
    if name == "small_cnn":
        return ClassifierTrunk(SmallCNN(channels, max(size)), EMBEDDING)
    if "segmentation" in architecture(name).kinds:
        body = _segmenter(name, channels, classes + 1, dropout)
        return SegmenterTrunk(body, channels, architecture(name).multiple_of * 2)
    return _classifier(name, channels, size)


def _classifier(name: str, channels: int, size: tuple[int, int]) -> ClassifierTrunk:
    from torchvision import models

    card = architecture(name)
    options: dict[str, Any] = {}
    if name == "vit_b_16":
        options = {"image_size": max(size)}
    elif name == "inception_v3":
        options = {"aux_logits": False, "init_weights": False, "transform_input": False}
    body = models.get_model(name, weights=None, **options)
    head = body.get_submodule(card.head)
    _replace(body, card.head, nn.Identity())
    if channels != 3:
        _replace(body, card.stem, _stem(body.get_submodule(card.stem), channels))
    return ClassifierTrunk(body, int(head.in_features))


def _stem(conv: Any, channels: int) -> nn.Conv2d:
    """The same convolution for another number of image channels."""
    return nn.Conv2d(
        channels,
        conv.out_channels,
        conv.kernel_size,
        stride=conv.stride,
        padding=conv.padding,
        bias=conv.bias is not None,
    )


def _replace(module: nn.Module, path: str, new: nn.Module) -> None:
    parent, _, name = path.rpartition(".")
    setattr(module.get_submodule(parent), name, new)


def _segmenter(name: str, channels: int, outputs: int, dropout: float) -> nn.Module:
    from monai.networks import nets

    widths = (32, 64, 128, 256, 512)
    if name in ("unet", "small_unet"):
        small = name == "small_unet"
        return nets.UNet(
            spatial_dims=2,
            in_channels=channels,
            out_channels=outputs,
            channels=tuple(width // 2 for width in widths) if small else widths,
            strides=(2, 2, 2, 2),
            num_res_units=1 if small else 2,
            norm="BATCH",
            dropout=dropout,
        )
    if name == "attention_unet":
        return nets.AttentionUnet(2, channels, outputs, widths, (2, 2, 2, 2), dropout=dropout)
    if name == "segresnet":
        return nets.SegResNet(2, 32, channels, outputs, dropout_prob=dropout or None)
    return nets.DynUNet(
        2,
        channels,
        outputs,
        kernel_size=[3] * 6,
        strides=[1, 2, 2, 2, 2, 2],
        upsample_kernel_size=[2] * 5,
        filters=[32, 64, 128, 256, 320, 320],
        norm_name="BATCH",
        dropout=dropout or None,
    )


def find_bottleneck(body: nn.Module, channels: int, side: int) -> tuple[nn.Module, int]:
    """The last leaf module that works at the coarsest resolution, and its number of features.

    Found by running one empty image of ``side`` pixels, so that it holds for every encoder-decoder.
    """
    seen: list[tuple[int, nn.Module, int]] = []

    def note(module: nn.Module, inputs: Any, output: Any) -> None:
        if isinstance(output, torch.Tensor) and output.ndim == 4:
            seen.append((output.shape[2] * output.shape[3], module, output.shape[1]))

    leaves = [module for module in body.modules() if not list(module.children())]
    hooks = [module.register_forward_hook(note) for module in leaves]
    training = body.training
    body.eval()
    with torch.no_grad():
        body(torch.zeros(1, channels, side, side))
    body.train(training)
    for hook in hooks:
        hook.remove()
    coarsest = min(area for area, _, _ in seen)
    # Attention gates put one-channel maps at coarse resolutions; the widest is the bottleneck's.
    widest = max(features for area, _, features in seen if area == coarsest)
    return next((m, f) for area, m, f in reversed(seen) if (area, f) == (coarsest, widest))
