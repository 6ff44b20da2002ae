"""PNG, JPEG and TIFF: grey of any depth or 8-bit colour, pages as frames, turned as the camera says."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageOps

from ml.imaging.dicom.header import MAX_FRAME_PIXELS, MAX_FRAMES
from ml.imaging.errors import UnreadableImage

Array = npt.NDArray[Any]
FORMATS = ("PNG", "JPEG", "TIFF")
_GREY = {"1": "u1", "L": "u1", "LA": "u1", "I;16": "u2", "I;16L": "u2", "I;16B": "u2", "I": "i4", "F": "f4"}
Image.MAX_IMAGE_PIXELS = None  # the size is checked here, against our own limit, before anything is decoded


@dataclass(frozen=True)
class RasterInfo:
    """What a raster file holds. `rows`, `columns` are as shown, after turning; `orientation` is EXIF's (1 = as is).

    `dtype`: of grey values, "u1" for colour. `skipped`: pages of another size or type than the first.
    """

    format: str
    rows: int
    columns: int
    color: bool
    dtype: str
    pages: tuple[int, ...]
    orientation: int
    skipped: int = 0

    @property
    def frames(self) -> int:
        return len(self.pages)


def raster_info(path: Path) -> RasterInfo:
    """Read a raster file's header. Raises UnreadableImage: unreadable, size_claim_too_large, unsupported_shape."""
    with _opened(path) as image:
        return _info(image)


def read_raster(path: Path, frame: int = 1) -> Array:
    """One page (from 1) as grey [row, column] in its own type, or uint8 RGB [row, column, 3]; alpha is left out.

    Raises UnreadableImage as `raster_info` does, and frame_out_of_range, truncated, decode_failed.
    """
    with _opened(path) as image:
        info = _info(image)
        if not 1 <= frame <= info.frames:
            raise UnreadableImage("frame_out_of_range")
        try:
            image.seek(info.pages[frame - 1])
            image.load()
        except (OSError, SyntaxError, ValueError, EOFError) as error:
            cut = "truncated" in str(error)
            raise UnreadableImage("truncated" if cut else "decode_failed") from error
        turned = ImageOps.exif_transpose(image) if info.orientation != 1 else image
        return _pixels(turned, info)


def _pixels(image: Image.Image, info: RasterInfo) -> Array:
    if info.color:
        return np.array(image.convert("RGB"))
    if image.mode in ("1", "LA"):
        image = image.convert("L")
    return np.ascontiguousarray(np.asarray(image).astype(info.dtype))


def _info(image: Image.Image) -> RasterInfo:
    count = getattr(image, "n_frames", 1)
    if not 1 <= count <= MAX_FRAMES:
        raise UnreadableImage("size_claim_too_large")
    first = _form(image)
    try:
        orientation = int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except (ValueError, TypeError, SyntaxError, OSError):
        orientation = 1
    pages = tuple(page for page in range(count) if _same_form(image, page, first))
    image.seek(0)
    (columns, rows), mode = first
    if orientation in (5, 6, 7, 8):
        rows, columns = columns, rows
    return RasterInfo(
        format=str(image.format),
        rows=rows,
        columns=columns,
        color=mode not in _GREY,
        dtype=_GREY.get(mode, "u1"),
        pages=pages,
        orientation=orientation if 1 <= orientation <= 8 else 1,
        skipped=count - len(pages),
    )


def _form(image: Image.Image) -> tuple[tuple[int, int], str]:
    """Size (columns, rows) and mode of the current page."""
    columns, rows = image.size
    if columns * rows > MAX_FRAME_PIXELS:
        raise UnreadableImage("size_claim_too_large")
    if columns < 1 or rows < 1:
        raise UnreadableImage("unsupported_shape")
    return (columns, rows), image.mode


def _same_form(image: Image.Image, page: int, form: tuple[tuple[int, int], str]) -> bool:
    try:
        image.seek(page)
    except (OSError, SyntaxError, ValueError, EOFError):
        return False
    return (image.size, image.mode) == form


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    try:
        image = Image.open(path, formats=FORMATS)
    except (OSError, SyntaxError, ValueError, TypeError, MemoryError) as error:
        raise UnreadableImage("unreadable") from error
    with image:
        yield image
