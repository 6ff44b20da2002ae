"""Why an image was chosen, in one line a radiologist understands without knowing any method."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml.acquisition.pool import Options, Pool

RANDOM_SHARE = "Random share, for an honest estimate"
RANDOM = "Chosen at random"
RANDOM_FOREGROUND = "Random among images where the model sees something"
STRIDED = "Evenly spaced through its series"
FLIPS = "The model changes its mind when it looks again"
UNSURE = "The model is unsure about this image"
UNLIKE = "Unlike anything labelled so far"
HARD_AND_DIFFERENT = "Hard for the model, and different from the others chosen"
TYPICAL = "Typical of a group of images not labelled yet"
COVERS = "Stands for many similar images not labelled yet"
UNSURE_GROUP = "Stands for a group of images the model is unsure about"

NEARLY_SURE = 0.1


def hesitations(
    pool: Pool, order: NDArray[np.int64], options: Options, *, strata: NDArray[np.int64] | None = None
) -> list[str]:
    """Between which two classes the model wavers, one line per chosen item.

    order [K]: pool indices; strata [K]: the class an item was chosen for, -1 = none, which is then one of the
    two.
    """
    weights = pool.class_weights()
    if weights is None or weights.shape[1] < 2:
        return [UNSURE] * len(order)
    probable = "probabilities" in pool.has
    wanted = np.full(len(order), -1) if strata is None else strata
    return [
        _hesitation(weights[index], int(stratum), options, probable)
        for index, stratum in zip(order, wanted, strict=True)
    ]


def _hesitation(weights: NDArray[np.float64], stratum: int, options: Options, probable: bool) -> str:
    lead = int(weights.argmax()) if stratum == -1 else stratum
    exclusive = _exclusive(lead, len(weights), options)
    first, *others = (int(c) for c in exclusive[np.argsort(-weights[exclusive], kind="stable")])
    if not others:
        return f"The model is unsure about {class_name(first, options)}"
    second = others[0] if stratum in (-1, first) else stratum
    if not weights[second] > 0:
        return UNSURE
    if options.background in (first, second):
        seen = second if first == options.background else first
        return f"The model is unsure where {class_name(seen, options)} begins and ends"
    if probable and weights[second] < NEARLY_SURE:
        return f"Probably {class_name(first, options)}, but {class_name(second, options)} is not ruled out"
    return f"The model hesitates between {class_name(first, options)} and {class_name(second, options)}"


def _exclusive(index: int, classes: int, options: Options) -> NDArray[np.int64]:
    """The classes that exclude one another together with this one."""
    if len(options.class_groups) != classes:
        return np.arange(classes)
    return np.nonzero(np.asarray(options.class_groups) == options.class_groups[index])[0]


def class_name(index: int, options: Options) -> str:
    """The name of a class, or "class 3" where none is given."""
    return options.class_names[index] if index < len(options.class_names) else f"class {index}"
