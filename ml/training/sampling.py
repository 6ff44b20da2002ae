"""Which frames a step sees, as a pure function of the seed and the step, so that a resumed run sees the same."""

from collections.abc import Sequence

import torch

from ml.data.units import Unit


class Sampler:
    """Draws batches of unit numbers.

    Without masks, epochs of shuffled units follow one another. With masks, a share of each batch is drawn from units
    that hold foreground, so that near-empty slices do not drown them.
    """

    def __init__(
        self, units: Sequence[Unit], batch_size: int, seed: int, foreground_share: float = 0.0
    ) -> None:
        self._count, self._seed = len(units), seed
        self._batch = batch_size
        self._front = torch.tensor([i for i, unit in enumerate(units) if unit.mask is not None])
        wanted = round(batch_size * foreground_share)
        self._from_front = wanted if 0 < len(self._front) < len(units) else 0

    def batch(self, step: int) -> list[int]:
        """The unit numbers of one step."""
        rest = self._batch - self._from_front
        chosen = self._stream(step * rest, rest)
        if self._from_front:
            draw = generator_for(self._seed, step, salt=1)
            picks = torch.randint(len(self._front), (self._from_front,), generator=draw)
            chosen += self._front[picks].tolist()
        return chosen

    def _stream(self, start: int, count: int) -> list[int]:
        """Positions ``start`` … of the endless sequence of shuffled epochs."""
        chosen: list[int] = []
        while len(chosen) < count:
            epoch, offset = divmod(start + len(chosen), self._count)
            order = torch.randperm(self._count, generator=generator_for(self._seed, epoch, salt=2))
            chosen += order[offset : offset + count - len(chosen)].tolist()
        return chosen


def generator_for(seed: int, number: int, *, salt: int) -> torch.Generator:
    """A CPU generator that depends on nothing but its arguments."""
    mixed = (seed * 1_000_003 + number) * 8 + salt
    return torch.Generator().manual_seed(mixed % 2**63)
