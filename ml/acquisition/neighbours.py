"""Cases that look alike to the model: the nearest labelled ones explain a prediction better than a number."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml.acquisition.distances import chunks, unit_rows


def similar_cases(
    embeddings: NDArray[np.floating], library: NDArray[np.floating], k: int = 5
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The k rows of `library` [M, D] most like each of `embeddings` [N, D], most alike first.

    Returns their indices [N, k] and cosine similarities [N, k] in -1..1; k is at most M. Memory is bounded.
    Raises ValueError for embeddings of different width or that are not numbers.
    """
    rows, known = unit_rows(embeddings), unit_rows(library)
    if rows.shape[1] != known.shape[1]:
        raise ValueError(f"embeddings have {rows.shape[1]} values, the library {known.shape[1]}")
    k = min(k, len(known))
    index = np.empty((len(rows), k), dtype=np.int64)
    likeness = np.empty((len(rows), k))
    for part in chunks(len(rows), max(len(known), 1)):
        cosine = rows[part] @ known.T
        index[part] = np.argsort(-cosine, axis=1, kind="stable")[:, :k]
        likeness[part] = np.clip(np.take_along_axis(cosine, index[part], axis=1), -1, 1)
    return index, likeness
