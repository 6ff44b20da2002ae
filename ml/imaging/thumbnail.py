"""Small pictures of frames for lists. They carry no header, so no name can leak from one."""

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml.imaging.reader import Frame
from ml.imaging.windowing import apply_window, default_window, to_uint8

QUALITY = 82


def render(frame: Frame) -> npt.NDArray[np.uint8]:
    """A frame as it opens in the viewer: uint8 [row, column] or RGB [row, column, 3], windowed as the file or its
    modality asks (VOI look-up table first, PS3.3 C.11.2.1.1).
    """
    if frame.is_color:
        return frame.pixels.astype(np.uint8, copy=False)
    if frame.voi_lut is not None:
        looked_up = frame.voi_lut.apply(frame.pixels).astype(np.float64)
        return to_uint8(looked_up / max(float(frame.voi_lut.values.max()), 1.0))
    return to_uint8(apply_window(frame.pixels, default_window(frame.pixels, frame.modality, frame.windows)))


def thumbnail(frame: Frame, size: int = 256) -> bytes:
    """A JPEG whose longer side is `size` pixels, with square pixels where the spacing is known."""
    rows, columns = frame.pixels.shape[:2]
    row_mm, column_mm = frame.spacing or (1.0, 1.0)
    height, width = rows * row_mm, columns * column_mm
    scale = size / max(height, width)
    shape = max(round(width * scale), 1), max(round(height * scale), 1)
    small = Image.fromarray(render(frame)).resize(shape, Image.Resampling.LANCZOS, reducing_gap=3.0)
    out = io.BytesIO()
    small.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()
