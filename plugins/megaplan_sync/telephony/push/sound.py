"""Recognises a sound file by how it begins. Free of I/O.

The types that servers name are of little help: recordings come as ``application/mp3``, ``video/mpeg``,
``application/octet-stream``, or without a type.
"""

from __future__ import annotations

import re
import struct

FIRST_BYTES = 1024
"""So much of a file is read: enough for the headers."""

_SIGNATURE = re.compile(
    rb"ID3"  # MP3 with a tag
    rb"|\xff[\xe2-\xe7\xf2-\xf7\xfa-\xfd]"  # MP3: the beginning of a frame
    rb"|\xff[\xf0\xf1\xf8\xf9]"  # AAC
    rb"|OggS|fLaC|\x1aE\xdf\xa3"  # Vorbis, Opus, FLAC; Matroska (WebM)
    rb"|#!AMR(?:-WB)?(?:_MC1\.0)?\n"
    rb"|....ftyp"  # MPEG-4: M4A, 3GP
    rb"|RIFF....WAVE|RIFX....WAVE|RF64....WAVE|FORM....AIF[FC]|\.snd|caff"
    rb"|0&\xb2u\x8ef\xcf\x11",  # WMA
    re.DOTALL,
)
_MARKUP = re.compile(
    rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\0]*(?:<\0?[!?/a-zA-Z]|\{[\s\0]*[\"}]|\[[\s\0]*[\"{\]])"
)
_ID3_HEADER = 10
_FEWEST_UNKNOWN_BYTES = 128


def is_markup(start: bytes) -> bool:
    """Return whether a file begins like HTML, XML or JSON."""
    return _MARKUP.match(start) is not None


def is_sound(start: bytes) -> bool:
    """Return whether a file begins like one of the known formats."""
    return _SIGNATURE.match(start) is not None


def has_sound(start: bytes, size: int) -> bool:
    """Return whether anything follows the headers: a recording that is being made has them already.

    :param start: the first bytes
    :param size: of the whole file
    """
    signature = _SIGNATURE.match(start)
    if signature is None:
        return size >= _FEWEST_UNKNOWN_BYTES
    if start[:4] in (b"RIFF", b"RIFX", b"RF64"):
        return _has_samples(start, size)
    if start[4:8] == b"ftyp" and not _has_media(start, size):
        return False
    header = signature.end()
    if start.startswith(b"ID3") and len(start) >= _ID3_HEADER:
        sizes = zip(start[6:_ID3_HEADER], (21, 14, 7, 0), strict=True)
        header = _ID3_HEADER + sum((byte & 0x7F) << shift for byte, shift in sizes)
    return size > max(header, 3)


def _has_samples(start: bytes, size: int) -> bool:
    """Return whether the data chunk of a WAV file is not empty; a later one than was read is taken to be there."""
    order = ">" if start.startswith(b"RIFX") else "<"
    place = 12
    while place + 8 <= len(start):
        name, length = struct.unpack_from(f"{order}4sI", start, place)
        if name == b"data":
            return length > 0 and size > place + 8
        place += 8 + length + length % 2
    return size > place


def _has_media(start: bytes, size: int) -> bool:
    """Return whether the media box of an MPEG-4 file is not empty; a later one than was read is taken to be there."""
    place = 0
    while place + 8 <= len(start):
        length, name = struct.unpack_from(">I4s", start, place)
        if name == b"mdat":
            return length != 8 or size > place + 8
        if length < 8:
            break
        place += length
    return True
