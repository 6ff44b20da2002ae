"""An exponential moving average of the weights, used for validation and as the result."""

import copy

import torch

from ml.models.network import Network


class MovingAverage:
    """Averages parameters and buffers; early steps count more, by min(decay, (1 + n) / (10 + n))."""

    def __init__(self, network: Network, decay: float) -> None:
        self.network = copy.deepcopy(network).eval()
        for parameter in self.network.parameters():
            parameter.requires_grad_(False)
        self._decay = decay

    @torch.no_grad()
    def update(self, network: Network, step: int) -> None:
        """Take in the weights after optimiser step number ``step`` (from 0)."""
        decay = min(self._decay, (1 + step) / (10 + step))
        own = self.network.state_dict()
        for name, value in network.state_dict().items():
            if value.dtype.is_floating_point:
                own[name].lerp_(value, 1 - decay)
            else:
                own[name].copy_(value)
