"""Everything that decodes pixels from strangers."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from ml.imaging.reader import read_frame
from ml.imaging.serve import ServedFrames, servable_frames
from ml.imaging.sniff import SourceKind
from ml.imaging.thumbnail import thumbnail


class FrameDecoder:
    """Derives what browsers can decode, and small pictures."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def serve(self, path: Path, out: Path, kind: SourceKind) -> ServedFrames:
        """What frames are served from; written to `out` when the file itself does not serve."""
        return servable_frames(path, out, kind=kind)

    def picture(self, path: Path, frame: int, kind: SourceKind) -> bytes:
        """A small JPEG of a frame."""
        return thumbnail(read_frame(path, frame=frame, kind=kind))
