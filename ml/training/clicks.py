"""Simulated clicks: where a person would point out the largest mistake."""

import numpy as np
import torch
from scipy import ndimage

from ml.data.preprocess import IGNORE
from ml.models.guidance import CanvasClick, encode_guidance, guidance_channels
from ml.models.network import Network
from ml.training.sampling import generator_for

AUTOMATIC_SHARE = 0.5
MOST_CLICKS = 5


def next_click(
    predicted: np.ndarray, truth: np.ndarray, *, jitter: tuple[float, float] = (0.0, 0.0)
) -> CanvasClick | None:
    """A click at the pixel deepest inside a wrong region (maximum of the error's distance transform).

    Args:
        predicted: class numbers [H, W].
        truth: class numbers [H, W], 255 unknown, which is never wrong.
        jitter: pixels added to row and column; dropped where it would leave the wrong region's class.

    Returns None when nothing is wrong.
    """
    wrong = (predicted != truth) & (truth != IGNORE)
    if not wrong.any():
        return None
    depth = ndimage.distance_transform_edt(np.pad(wrong, 1))[1:-1, 1:-1]
    row, column = (int(at) for at in np.unravel_index(int(depth.argmax()), depth.shape))
    number = int(truth[row, column])
    moved = round(row + jitter[0]), round(column + jitter[1])
    inside = 0 <= moved[0] < truth.shape[0] and 0 <= moved[1] < truth.shape[1]
    if inside and truth[moved] == number:
        row, column = moved
    return CanvasClick(float(row), float(column), number)


def simulated_guidance(
    network: Network, images: torch.Tensor, truth: torch.Tensor, *, seed: int, step: int
) -> torch.Tensor | None:
    """Guidance [B, 2 K + 1, H, W] for one training batch, or None: half of the batches stay automatic.

    The network's present mistakes without clicks are pointed out by one to five clicks per image, the previous mask
    given in half of the cases. A function of network, batch, seed and step.
    """
    draw = np.random.default_rng(int(torch.randint(2**31, (1,), generator=generator_for(seed, step, salt=4))))
    if draw.random() < AUTOMATIC_SHARE:
        return None
    with torch.no_grad():
        network.eval()
        masks = network(images).masks
        network.train()
    assert masks is not None
    predicted = masks.argmax(1).cpu().numpy().astype(np.uint8)
    labels = truth.cpu().numpy()
    classes = len(network.task.classes)
    guidance = torch.zeros(len(images), guidance_channels(classes), *images.shape[2:])
    for row in range(len(images)):
        clicks = _clicks(predicted[row], labels[row], int(draw.integers(1, MOST_CLICKS + 1)), draw)
        previous = torch.from_numpy(predicted[row]) if draw.random() < 0.5 else None
        guidance[row] = encode_guidance(clicks, previous, classes, (images.shape[2], images.shape[3]))
    return guidance.to(images.device)


def _clicks(
    predicted: np.ndarray, truth: np.ndarray, count: int, draw: np.random.Generator
) -> list[CanvasClick]:
    """Up to ``count`` clicks on one image; around each, the mistake counts as mended before the next is sought."""
    mended = predicted.copy()
    rows, columns = np.ogrid[: truth.shape[0], : truth.shape[1]]
    reach = max(truth.shape) / 8
    clicks = []
    for _ in range(count):
        click = next_click(mended, truth, jitter=tuple(draw.normal(0, 1, 2)))
        if click is None:
            break
        clicks.append(click)
        near = (rows - click.row) ** 2 + (columns - click.column) ** 2 <= reach**2
        mended[near] = truth[near]
    return clicks
