"""A CNN of about 60,000 parameters: the protocol's classifier for 28² images, and the quick choice on a CPU."""

import math

import torch
from torch import nn

WIDTHS = (16, 32, 56)
EMBEDDING = 2 * WIDTHS[-1]


class SmallCNN(nn.Module):
    """Pairs of 3×3 convolutions at 16, 32 and 56 channels: [B, C, H, W] → embeddings [B, 112].

    The embedding joins the mean and the maximum over the image, since a small lesion drowns in a mean. Images
    beyond 64 pixels get one more strided stage in front per doubling, so that the receptive field keeps up.
    """

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        stages: list[nn.Module] = []
        inputs = channels
        for _ in range(max(0, round(math.log2(side / 56)))):
            stages.append(_block(inputs, WIDTHS[0], stride=2))
            inputs = WIDTHS[0]
        for width, stride in zip(WIDTHS, (2, 2, 1), strict=True):
            stages += [_block(inputs, width), _block(width, width, stride=stride)]
            inputs = width
        self.stages = nn.Sequential(*stages)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        maps = self.stages(x)
        return torch.cat([maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3))], dim=1)


def _block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))
