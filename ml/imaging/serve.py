"""The bytes a browser gets for each frame: ranges of the stored file where its viewer can decode them, else of a new
file made once at ingest.

"Can decode" means Cornerstone3D 5.14's decoders and their limits: it has none for odd bit depths, floats, 32-bit
values and signed bytes, garbles colour in JPEG-LS and JPEG lossless, misreads signed values in JPEG 2000 streams that
do not say they are signed, and wants palettes and uncompressed YBR as RGB.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ml.imaging.codecs import check_size
from ml.imaging.codestream import Codestream, inspect
from ml.imaging.derive import Derived, Source, dicom_source, nifti_source, raster_source, write_frames
from ml.imaging.dicom import frames as syntaxes
from ml.imaging.dicom.header import PixelFormat
from ml.imaging.errors import UnreadableImage
from ml.imaging.raster import raster_info
from ml.imaging.sniff import SourceKind, detect_kind
from ml.imaging.stored import StoredFrames, open_frames

_GROUPS_WITH_RESCALE = ("00289145",)  # Pixel Value Transformation Sequence


@dataclass(frozen=True)
class ServedFrames:
    """Where the frames that a browser is sent lie.

    `ranges`: (offset, length) of frame 1, 2, … in the file at `path`; `transfer_syntax`: what those bytes are;
    `derived`: whether `path` is a new file; `reason`: why it had to be made; `max_error`: largest deviation of a
    served value from the stored one, in the image's unit (0 = exact); `overrides`: DICOM JSON elements that replace
    those of the object's metadata (None: take the element away).
    """

    path: Path
    ranges: tuple[tuple[int, int], ...]
    transfer_syntax: str
    derived: bool = False
    reason: str = ""
    max_error: float = 0.0
    overrides: dict[str, dict[str, Any] | None] = field(default_factory=dict)

    def metadata(self, metadata: dict[str, Any]) -> dict[str, Any]:
        """An object's viewer metadata with the overrides put in, functional groups included; the original stays."""
        merged = {tag: element for tag, element in metadata.items() if tag not in self.overrides}
        merged |= {tag: element for tag, element in self.overrides.items() if element is not None}
        if "00281053" in self.overrides:
            for groups in ("52009229", "52009230"):
                if "Value" in merged.get(groups, {}):
                    merged[groups] = merged[groups] | {
                        "Value": [_unscaled(item) for item in merged[groups]["Value"]]
                    }
        return dict(sorted(merged.items()))


def servable_frames(
    path: Path, out: Path, *, kind: SourceKind | None = None, compact: bool = False
) -> ServedFrames:
    """Decide how a file's frames are served, writing them anew to `out` when the stored bytes do not serve.

    `compact` also rewrites uncompressed grey images as JPEG-LS where that is smaller. Decodes what it rewrites: for
    files from strangers call it through `ml.imaging.decode`. Raises UnreadableImage.
    """
    kind = kind or detect_kind(path)
    if kind == "dicom":
        with open_frames(path) as stored:
            reason = _why_not_as_stored(stored) or ("made smaller" if compact and _is_plain(stored) else "")
            if reason:
                return _served(write_frames(dicom_source(stored), out), out, reason)
            _check_codestreams(stored)
            if not stored.index.exact:
                return _joined(stored, out)
            return ServedFrames(
                path, stored.index.ranges, stored.file.transfer_syntax, overrides=_corrections(stored)
            )
    source: Source
    if kind == "raster":
        served = _stored_jpeg(path)
        if served:
            return served
        source, reason = raster_source(path), "not a format that the viewer decodes"
    else:
        source, reason = nifti_source(path), "NIfTI is rewritten slice by slice"
    return _served(write_frames(source, out), out, reason)


def _served(made: Derived, out: Path, reason: str) -> ServedFrames:
    return ServedFrames(out, made.ranges, made.transfer_syntax, True, reason, made.max_error, made.overrides)


def _joined(stored: StoredFrames, out: Path) -> ServedFrames:
    """Frames that lie in several fragments, each written in one piece, otherwise unchanged."""
    ranges: list[tuple[int, int]] = []
    with out.open("wb") as stream:
        for frame in range(1, stored.pixels.frames + 1):
            data = stored.frame_bytes(frame)
            ranges.append((stream.tell(), len(data)))
            stream.write(data)
    syntax, reason = stored.file.transfer_syntax, "frames are in several fragments"
    return ServedFrames(out, tuple(ranges), syntax, True, reason, overrides=_corrections(stored))


def _check_codestreams(stored: StoredFrames) -> None:
    """Refuse frames whose codestream has another size than the header: a browser would choke on them."""
    if stored.file.transfer_syntax in syntaxes.NATIVE or stored.file.transfer_syntax == syntaxes.RLE:
        return
    for frame in range(1, stored.pixels.frames + 1):
        declared = inspect(stored.frame_bytes(frame))
        if declared is None:
            raise UnreadableImage("decode_failed", "A frame is not a codestream of its encoding.")
        check_size(declared, stored.pixels)


def _corrections(stored: StoredFrames) -> dict[str, dict[str, Any] | None]:
    """What the metadata must say of frames that are sent as they are stored."""
    made: dict[str, dict[str, Any] | None] = {}
    pixels = stored.pixels
    if pixels.samples == 3 and pixels.photometric.startswith("YBR"):
        made["00280004"] = {"vr": "CS", "Value": ["RGB"]}  # what every decoder gives
    declared = inspect(stored.frame_bytes(1)) if stored.file.transfer_syntax not in syntaxes.NATIVE else None
    if declared and pixels.signed and declared.bits != pixels.bits_stored:  # where the sign bit is
        made["00280101"] = {"vr": "US", "Value": [declared.bits]}
        made["00280102"] = {"vr": "US", "Value": [declared.bits - 1]}
    return made


def _why_not_as_stored(stored: StoredFrames) -> str:
    """Why the stored bytes do not serve; empty when they do."""
    pixels, syntax = stored.pixels, stored.file.transfer_syntax
    if stored.index.inflated:
        return "the file is deflated"
    if pixels.photometric == "PALETTE COLOR":
        return "palette colours are sent as RGB"
    if pixels.floating or pixels.bits_allocated not in (8, 16):
        return "values are neither 8 nor 16 bits"
    if "ModalityLUTSequence" in stored.file.dataset:
        return "values pass a modality look-up table"
    if syntax in (syntaxes.IMPLICIT_LITTLE, syntaxes.EXPLICIT_LITTLE):
        return _why_not_native(pixels)
    check = _ENCAPSULATED.get(syntax)
    if check is None:
        return "the viewer has no decoder for this encoding"
    return check(pixels, inspect(stored.frame_bytes(1)))


def _why_not_native(pixels: PixelFormat) -> str:
    if pixels.samples == 1:
        return "signed bytes" if pixels.signed and pixels.bits_allocated == 8 else ""
    if pixels.samples != 3 or pixels.photometric != "RGB":
        return "uncompressed YBR is sent as RGB"
    return "" if pixels.bits_allocated == 8 else "colour of more than 8 bits"


def _why_not_rle(pixels: PixelFormat, declared: Codestream | None) -> str:
    return _why_not_native(pixels)


def _why_not_jpeg(pixels: PixelFormat, declared: Codestream | None) -> str:
    if declared is None or not declared.baseline or pixels.bits_allocated != 8:
        return "not 8-bit baseline JPEG"
    return "colour that is RGB inside JPEG" if pixels.samples == 3 and pixels.photometric == "RGB" else ""


def _why_not_grey_only(pixels: PixelFormat, declared: Codestream | None) -> str:
    if pixels.samples != 1:
        return "the viewer garbles colour in this encoding"
    return "signed bytes" if pixels.signed and pixels.bits_allocated == 8 else ""


def _why_not_jpeg_2000(pixels: PixelFormat, declared: Codestream | None) -> str:
    if declared is None:
        return "the codestream is not JPEG 2000"
    if pixels.samples == 3 and pixels.photometric not in ("RGB", "YBR_RCT", "YBR_ICT"):
        return "uncommon colour inside JPEG 2000"
    if pixels.samples not in (1, 3) or pixels.bits_allocated * (pixels.samples == 3) > 8:
        return "colour of more than 8 bits"
    return "" if declared.signed == pixels.signed else "the codestream and the header differ in sign"


_ENCAPSULATED = {
    syntaxes.JPEG_BASELINE: _why_not_jpeg,
    syntaxes.JPEG_LOSSLESS: _why_not_grey_only,
    syntaxes.JPEG_LOSSLESS_SV1: _why_not_grey_only,
    syntaxes.JPEG_LS: _why_not_grey_only,
    syntaxes.JPEG_LS_NEAR: _why_not_grey_only,
    syntaxes.JPEG_2000_LOSSLESS: _why_not_jpeg_2000,
    syntaxes.JPEG_2000: _why_not_jpeg_2000,
    syntaxes.HTJ2K_LOSSLESS: _why_not_jpeg_2000,
    syntaxes.HTJ2K_LOSSLESS_RPCL: _why_not_jpeg_2000,
    syntaxes.HTJ2K: _why_not_jpeg_2000,
    syntaxes.RLE: _why_not_rle,
}


def _is_plain(stored: StoredFrames) -> bool:
    """Whether the pixels are uncompressed grey, which JPEG-LS makes smaller."""
    return stored.file.transfer_syntax in syntaxes.NATIVE and stored.pixels.samples == 1


def _stored_jpeg(path: Path) -> ServedFrames | None:
    """A baseline JPEG file as one frame; None for anything that a browser would show otherwise than it is read."""
    info = raster_info(path)
    if info.format != "JPEG" or info.orientation != 1 or info.frames != 1:
        return None
    data = path.read_bytes()
    declared = inspect(data)
    if declared is None or not declared.baseline or declared.samples not in (1, 3):
        return None
    return ServedFrames(path, ((0, len(data)),), syntaxes.JPEG_BASELINE)


def _unscaled(groups: dict[str, Any]) -> dict[str, Any]:
    return {tag: element for tag, element in groups.items() if tag not in _GROUPS_WITH_RESCALE}
