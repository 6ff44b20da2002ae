"""What can be wrong with a file, as codes that callers can count, translate and test for."""

REASONS: dict[str, str] = {
    "unreadable": "The file is not an image this system knows, or its structure is broken.",
    "no_pixels": "The object carries no pixel data.",
    "unsupported_syntax": "The pixels are stored in an encoding without a decoder here.",
    "unsupported_shape": "The pixel layout (bits, samples, dimensions) cannot be shown or learned from.",
    "size_claim_too_large": "The file says its image is larger than the limit.",
    "size_mismatch": "The compressed image has another size than the header says.",
    "inflates_too_large": "The compressed file grows beyond the limit.",
    "nested_too_deep": "Sequences are nested deeper than any real object nests them.",
    "truncated": "The file ends before its pixels do.",
    "frame_out_of_range": "The asked frame does not exist.",
    "decode_failed": "The decoder refused the pixels, or crashed on them.",
    "decode_timeout": "Decoding took longer than the limit.",
    "decode_memory": "Decoding needed more memory than the limit.",
    "bad_archive": "The archive or compressed container is broken.",
    "not_a_volume": "The slices do not form a regular volume.",
}


class UnreadableImage(ValueError):
    """An image cannot be used. `reason`: a key of `REASONS`; the message never quotes the file."""

    def __init__(self, reason: str, message: str = "") -> None:
        if reason not in REASONS:
            raise KeyError(f"unknown reason {reason!r}")
        super().__init__(message or REASONS[reason])
        self.reason = reason

    @property
    def message(self) -> str:
        return str(self)

    def __reduce__(self) -> tuple[type["UnreadableImage"], tuple[str, str]]:
        return type(self), (self.reason, str(self))
