"""Zip archives, unpacked into blobs within limits. Names in them are data; nothing is ever written under such
a name.
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from fovea.core.storage import StoredBlob, blob_put

_CHUNK = 1 << 20
_END_RECORD, _END_RECORD_64, _LOCATOR_64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_END_BYTES = 22 + 65_535  # the end record, and the longest comment after it
_EXPECTED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)


@dataclass(frozen=True)
class ArchiveLimits:
    """How much an archive may hold. `ratio` counts for members that unpack to more than `small` bytes."""

    members: int = 200_000
    total_bytes: int = 32 * 2**30
    member_bytes: int = 4 * 2**30
    ratio: int = 200
    small: int = 10 * 2**20
    depth: int = 2
    directory_bytes: int = 64 * 2**20


LIMITS = ArchiveLimits()


@dataclass(frozen=True)
class Member:
    """One file of an archive: stored, or refused with a reason code and a message."""

    name: str
    blob: StoredBlob | None
    reason: str = ""
    message: str = ""


class Refused(Exception):
    """An archive or a member that is not unpacked."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason, self.message = reason, message


def unpack(path: Path, *, limits: ArchiveLimits = LIMITS) -> Iterator[Member]:
    """Store an archive's files one by one, in the archive's order; folders are left out.

    Raises Refused for the archive as a whole (`bad_archive`, `archive_count`); a member that breaks a limit,
    is a link, encrypted or broken comes with its reason instead of a blob. After `archive_total` nothing more
    comes.
    """
    with path.open("rb") as file:
        if _directory_bytes(file) > limits.directory_bytes:
            raise Refused("archive_count", "The archive lists more files than the limit.")
        try:
            archive = zipfile.ZipFile(file)
        except _EXPECTED as error:
            raise Refused("bad_archive", "The archive is broken.") from error
        with archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(entries) > limits.members:
                raise Refused("archive_count", f"The archive holds more than {limits.members:,} files.")
            yield from _members(archive, entries, limits)


def _members(
    archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], limits: ArchiveLimits
) -> Iterator[Member]:
    left = limits.total_bytes
    for entry in entries:
        try:
            blob = _member(archive, entry, left, limits)
        except Refused as refusal:
            yield Member(entry.filename, None, refusal.reason, refusal.message)
            if refusal.reason == "archive_total":
                return
        else:
            left -= blob.size
            yield Member(entry.filename, blob)


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int, limits: ArchiveLimits) -> StoredBlob:
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
        raise Refused("archive_link", "Links and special files in archives are not followed.")
    if entry.flag_bits & 1:
        raise Refused("archive_encrypted", "The file is encrypted; unpack it and upload it plain.")
    try:
        with archive.open(entry) as source:
            return blob_put(_bounded(source, entry, left, limits))
    except _EXPECTED as error:
        raise Refused(
            "bad_archive", "The file cannot be unpacked: it is broken, or packed in an unknown way."
        ) from error


def _bounded(source: IO[bytes], entry: zipfile.ZipInfo, left: int, limits: ArchiveLimits) -> Iterator[bytes]:
    """The member's bytes, counted as they come; what the archive claims about sizes is not trusted."""
    size = 0
    while chunk := source.read(_CHUNK):
        size += len(chunk)
        if size > limits.small and size > limits.ratio * max(entry.compress_size, 1):
            raise Refused(
                "archive_ratio", f"The file unpacks to more than {limits.ratio} times its packed size."
            )
        if size > limits.member_bytes:
            raise Refused("size_claim_too_large", "The file is larger than the limit for one file.")
        if size > left:
            raise Refused(
                "archive_total", "The archive unpacks to more than the limit; the rest was left out."
            )
        yield chunk


def _directory_bytes(file: IO[bytes]) -> int:
    """The size of the list of files, from the end records (APPNOTE 4.3.14 and 4.3.16), before that list is
    read into memory.
    """
    size = file.seek(0, 2)
    start = max(size - _END_BYTES, 0)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(_END_RECORD)
    if at < 0 or len(tail) < at + 22:
        raise Refused("bad_archive", "The archive is broken or cut short.")
    (directory,) = struct.unpack("<L", tail[at + 12 : at + 16])
    locator = tail[at - 20 : at] if at >= 20 else b""
    if locator.startswith(_LOCATOR_64):
        file.seek(min(struct.unpack("<Q", locator[8:16])[0], size))
        record = file.read(48)
        if record.startswith(_END_RECORD_64) and len(record) == 48:
            directory = struct.unpack("<Q", record[40:48])[0]
    file.seek(0)
    return int(directory)
