"""The stored values of an object's frames: bytes from the file, decoded, colour as RGB, no rescale yet."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ml.imaging.codecs import decode_frame
from ml.imaging.color import ybr_to_rgb
from ml.imaging.dicom import frames as syntaxes
from ml.imaging.dicom.files import DicomFile, open_dicom
from ml.imaging.dicom.frames import FrameIndex, index_of
from ml.imaging.dicom.header import PixelFormat, pixel_format
from ml.imaging.errors import UnreadableImage

Array = npt.NDArray[Any]
_CODEC_GIVES_RGB = frozenset({syntaxes.JPEG_BASELINE, syntaxes.JPEG_EXTENDED})


@dataclass(frozen=True)
class StoredFrames:
    """An opened object with pixels. Frames count from 1."""

    file: DicomFile
    pixels: PixelFormat
    index: FrameIndex

    def frame_bytes(self, frame: int) -> bytes:
        """The stored bytes of a frame, its fragments joined. Raises UnreadableImage("frame_out_of_range")."""
        if not 1 <= frame <= self.pixels.frames:
            raise UnreadableImage("frame_out_of_range")
        return b"".join(self._read(offset, length) for offset, length in self.index.fragments[frame - 1])

    def decode(self, frame: int) -> Array:
        """Stored values [row, column] or [row, column, 3] in the header's type; YBR_FULL converted to RGB.

        Raises UnreadableImage as `frame_bytes` and `codecs.decode_frame` do.
        """
        native = self.file.transfer_syntax in syntaxes.NATIVE
        bit_offset = self.pixels.frame_bits * (frame - 1) % 8 if native else 0
        data = self.frame_bytes(frame)
        values = decode_frame(data, self.pixels, self.file.transfer_syntax, bit_offset=bit_offset)
        if (
            self.pixels.photometric.startswith("YBR_FULL")
            and self.file.transfer_syntax not in _CODEC_GIVES_RGB
        ):
            if values.dtype != np.uint8:
                raise UnreadableImage("unsupported_shape")
            return ybr_to_rgb(values.astype(np.uint8, copy=False))
        return values

    def _read(self, offset: int, length: int) -> bytes:
        """Bytes of a range; 8-bit values in big-endian words (VR OW) are swapped back (PS3.5 section 7.3)."""
        element = self.file.pixels
        swapped = not self.file.little_endian and self.pixels.bits_allocated <= 8
        if element is None or not swapped or element.vr != "OW":
            return self.file.read(offset, length)
        skip = (offset - element.offset) % 2
        even = skip + length + (skip + length) % 2
        words = np.frombuffer(self.file.read(offset - skip, even), ">u2").astype("<u2")
        return words.tobytes()[skip : skip + length]


@contextmanager
def open_frames(data: bytes | Path) -> Iterator[StoredFrames]:
    """Open an object's frames, given its bytes or path. Raises as `parse` and `frame_index` do."""
    with open_dicom(data) as file:
        pixels = pixel_format(file, [])
        if pixels is None:
            raise UnreadableImage("no_pixels")
        yield StoredFrames(file, pixels, index_of(file, pixels))
