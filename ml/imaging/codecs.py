"""One stored frame → one array of stored values, for every transfer syntax that has a decoder here.

The codecs run native code on whatever the file holds: callers give bytes from strangers to
`ml.imaging.decode`, which runs this in a child process. What can be checked before (declared against
claimed size) is checked here.
"""

import zlib
from collections.abc import Callable
from typing import Any, cast

import imagecodecs
import numpy as np
import numpy.typing as npt

from ml.imaging.codestream import Codestream, inspect, says_ycbcr
from ml.imaging.dicom import frames as syntaxes
from ml.imaging.dicom.header import PixelFormat
from ml.imaging.errors import UnreadableImage

Array = npt.NDArray[Any]
LOSSLESS = frozenset(
    {
        *syntaxes.NATIVE,
        syntaxes.DEFLATED_FRAMES,
        syntaxes.JPEG_LOSSLESS,
        syntaxes.JPEG_LOSSLESS_SV1,
        syntaxes.JPEG_LS,
        syntaxes.JPEG_2000_LOSSLESS,
        syntaxes.HTJ2K_LOSSLESS,
        syntaxes.HTJ2K_LOSSLESS_RPCL,
        syntaxes.RLE,
    }
)


def decode_frame(data: bytes, pixels: PixelFormat, transfer_syntax: str, *, bit_offset: int = 0) -> Array:
    """Stored values of one frame: [row, column] or [row, column, sample], in `pixels.dtype`.

    Colour comes as the codestream's own colour transform leaves it: JPEG and JPEG 2000 that store YBR give
    RGB, as do YBR_FULL and YBR_FULL_422 in uncompressed files (`color.to_rgb` does those). `bit_offset` is
    where the frame starts in the first byte, for 1-bit frames that share bytes.
    Raises UnreadableImage: unsupported_syntax, unsupported_shape, size_mismatch, truncated, decode_failed.
    """
    if transfer_syntax in syntaxes.NATIVE:
        return _native(data, pixels, transfer_syntax != syntaxes.EXPLICIT_BIG, bit_offset)
    decoder = _DECODERS.get(transfer_syntax)
    if decoder is None:
        raise UnreadableImage("unsupported_syntax")
    declared = inspect(data)
    if declared is not None:
        check_size(declared, pixels)
    try:
        values = decoder(data, pixels)
    except (UnreadableImage, MemoryError):
        raise
    except Exception as error:
        raise UnreadableImage("decode_failed") from error
    return _as_stored(values, pixels, declared)


def is_supported(transfer_syntax: str) -> bool:
    """Whether there is a decoder for a transfer syntax."""
    return transfer_syntax in syntaxes.NATIVE or transfer_syntax in _DECODERS


def _native(data: bytes, pixels: PixelFormat, little: bool, bit_offset: int) -> Array:
    """Uncompressed values (PS3.5 section 8.1.1 and annex D)."""
    bits, count = pixels.bits_allocated, pixels.rows * pixels.columns * pixels.samples
    if bits == 1:
        unpacked = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")[
            bit_offset : bit_offset + count
        ]
        return unpacked.reshape(pixels.shape)
    if bits not in (8, 16, 32, 64):
        raise UnreadableImage("unsupported_shape")
    if pixels.photometric == "YBR_FULL_422" and pixels.samples == 3:
        return _expand_422(np.frombuffer(data, np.uint8), pixels)
    stored = pixels.dtype if pixels.floating else np.dtype(f"u{bits // 8}")
    values = np.frombuffer(data, stored.newbyteorder("<" if little else ">"), count)
    if pixels.planar:
        values = values.reshape(pixels.samples, pixels.rows, pixels.columns).transpose(1, 2, 0)
    return _as_stored(values.astype(stored), pixels, None)


def _expand_422(data: npt.NDArray[np.uint8], pixels: PixelFormat) -> Array:
    """YBR_FULL_422 stores Y1 Y2 Cb Cr for two pixels (PS3.3 C.7.6.3.1.2): give each its own chroma."""
    if pixels.bits_allocated != 8 or pixels.columns % 2:
        raise UnreadableImage("unsupported_shape")
    pairs = data.reshape(pixels.rows, pixels.columns // 2, 4)
    out = np.empty((pixels.rows, pixels.columns, 3), np.uint8)
    out[:, 0::2, 0], out[:, 1::2, 0] = pairs[:, :, 0], pairs[:, :, 1]
    out[:, :, 1:] = np.repeat(pairs[:, :, 2:], 2, axis=1)
    return out


def check_size(declared: Codestream, pixels: PixelFormat) -> None:
    """Compare what a codestream declares with the object's header. Raises UnreadableImage("size_mismatch")."""
    if (declared.rows, declared.columns, declared.samples) != (pixels.rows, pixels.columns, pixels.samples):
        raise UnreadableImage("size_mismatch")
    if declared.bits > max(pixels.bits_allocated, 8):
        raise UnreadableImage("size_mismatch", "The compressed image has deeper values than the header says.")


def _as_stored(values: Array, pixels: PixelFormat, declared: Codestream | None) -> Array:
    """Decoded values in the header's shape, type and sign (codecs give unsigned values for signed pixels)."""
    if values.size != pixels.rows * pixels.columns * pixels.samples:
        raise UnreadableImage("size_mismatch")
    values = values.reshape(pixels.shape)
    if values.dtype == pixels.dtype:
        return np.ascontiguousarray(values)
    if not pixels.signed or pixels.floating:
        return values.astype(pixels.dtype)
    bits = declared.bits if declared else pixels.bits_stored
    unused = pixels.bits_allocated - bits
    return (values.astype(pixels.dtype) << unused) >> unused


def _jpeg(data: bytes, pixels: PixelFormat) -> Array:
    """JPEG baseline and extended. Colour that the header calls RGB stays, unless the stream itself says YCbCr."""
    space = "RGB" if pixels.photometric == "RGB" and not says_ycbcr(data) else None
    return cast(Array, imagecodecs.jpeg8_decode(data, colorspace=space, outcolorspace=space))


def _jpeg_lossless(data: bytes, pixels: PixelFormat) -> Array:
    return np.ascontiguousarray(imagecodecs.jpegsof3_decode(data))


def _jpeg_ls(data: bytes, pixels: PixelFormat) -> Array:
    return cast(Array, imagecodecs.jpegls_decode(data))


def _jpeg_2000(data: bytes, pixels: PixelFormat) -> Array:
    return cast(Array, imagecodecs.jpeg2k_decode(data, planar=False, numthreads=1))


def _htj2k(data: bytes, pixels: PixelFormat) -> Array:
    return cast(Array, imagecodecs.htj2k_decode(data, planar=False))


def _rle(data: bytes, pixels: PixelFormat) -> Array:
    """RLE Lossless (PS3.5 annex G): one segment for each byte of each sample, most significant first."""
    if pixels.bits_allocated == 1:
        packed = _rle_segments(data, 1, (pixels.rows * pixels.columns + 7) // 8)
        bits = np.unpackbits(packed[0], bitorder="little")
        return bits[: pixels.rows * pixels.columns]
    size = pixels.bits_allocated // 8
    planes = _rle_segments(data, size * pixels.samples, pixels.rows * pixels.columns)
    by_sample = planes.reshape(pixels.samples, size, -1).transpose(
        2, 0, 1
    )  # [pixel, sample, byte, big endian]
    return np.ascontiguousarray(by_sample).view(f">u{size}").astype(f"u{size}")


def _rle_segments(data: bytes, count: int, length: int) -> npt.NDArray[np.uint8]:
    """The byte planes [segment, byte] of an RLE frame."""
    header = np.frombuffer(data[:64], "<u4")
    if header.size != 16 or header[0] != count:
        raise UnreadableImage("size_mismatch")
    ends = [*header[2 : count + 1].tolist(), len(data)]
    planes = np.zeros((count, length), np.uint8)
    for index, (start, end) in enumerate(zip(header[1 : count + 1].tolist(), ends, strict=True)):
        plane = imagecodecs.packbits_decode(data[start:end])[:length]
        if len(plane) < length:
            raise UnreadableImage("truncated")
        planes[index] = np.frombuffer(plane, np.uint8)
    return planes


def _deflated_frame(data: bytes, pixels: PixelFormat) -> Array:
    """Deflated Image Frame Compression (PS3.5 annex A.4.13): each frame is a raw deflate stream."""
    size = (pixels.frame_bits + 7) // 8
    content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, size + 2)
    if len(content) < size:
        raise UnreadableImage("truncated")
    return _native(content[:size], pixels, True, 0)


_DECODERS: dict[str, Callable[[bytes, PixelFormat], Array]] = {
    syntaxes.JPEG_BASELINE: _jpeg,
    syntaxes.JPEG_EXTENDED: _jpeg,
    syntaxes.JPEG_LOSSLESS: _jpeg_lossless,
    syntaxes.JPEG_LOSSLESS_SV1: _jpeg_lossless,
    syntaxes.JPEG_LS: _jpeg_ls,
    syntaxes.JPEG_LS_NEAR: _jpeg_ls,
    syntaxes.JPEG_2000_LOSSLESS: _jpeg_2000,
    syntaxes.JPEG_2000: _jpeg_2000,
    syntaxes.HTJ2K_LOSSLESS: _htj2k,
    syntaxes.HTJ2K_LOSSLESS_RPCL: _htj2k,
    syntaxes.HTJ2K: _htj2k,
    syntaxes.DEFLATED_FRAMES: _deflated_frame,
    syntaxes.RLE: _rle,
}
