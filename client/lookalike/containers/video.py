"""Frames of a video: one every ten seconds, as JPEG. Needs the extra `video`.

Films that would give more than 360 frames are looked at at longer, even steps of whole seconds. Frames are counted from
the start and never sought: only so does the same time give the same frame, and where a video breaks off there are the
frames before.
"""

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from lookalike import pictures
from lookalike.containers import png
from lookalike.containers.damage import needed, told
from lookalike.containers.member import Member
from lookalike.errors import ImageTooLarge, ImageUnreadable, SourceVanished

STEP = 10
"""Seconds from one frame to the next."""

MOST = 360
"""Frames of one video: an hour's at ten seconds."""

QUALITY = 95
"""Of the JPEG: what it loses is less than the video has lost before."""

_SETTINGS = {
    "OPENCV_FFMPEG_LOGLEVEL": "-8",
    "OPENCV_LOG_LEVEL": "SILENT",
    # A video may name others by address: none is fetched.
    "OPENCV_FFMPEG_CAPTURE_OPTIONS": "protocol_whitelist;file",
}
_SLACK = 0.001
"""Seconds; times in videos are fractions, and come rounded."""
_WHOLE = 0.9
"""Share of the announced frames, which are a guess in some kinds, with which a video passes for whole."""

_STARTS = (
    *((4, word) for word in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")),  # MP4, MOV, 3GP
    (8, b"AVI "),
    (0, b"\x1aE\xdf\xa3"),  # Matroska, WebM
    (0, b"0&\xb2u\x8ef\xcf\x11"),  # WMV
    *((0, word) for word in (b"\0\0\1\xba", b"\0\0\1\xb3", b"FLV", b"G")),  # MPEG, Flash, transport stream
    (4, b"G"),  # the same from cameras
)
"""Where a video's first bytes tell its kind. FFmpeg would take texts, too, that lead it to other files."""


def members(path: str, max_bytes: int) -> Iterator[Member]:
    """The frames, in their order."""
    place = pictures.location(path)
    with _opened(path) as (cv2, capture):
        announced = max(capture.get(cv2.CAP_PROP_FRAME_COUNT), 0.0)
        step = _step(announced, capture.get(cv2.CAP_PROP_FPS))
        due = count = given = 0
        while given < MOST and capture.grab():
            count += 1
            at = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            if at + _SLACK >= due:
                whole = f"{place}#t={due}"
                yield Member.of(whole, partial(_encoded, whole, cv2, capture, max_bytes))
                due, given = step * (math.floor((at + _SLACK) / step) + 1), given + 1
    if given < MOST and count < _WHOLE * announced:
        raise ImageUnreadable(f"{path} breaks off after {count:,} of about {announced:,.0f} frames: copy it again")


def read(path: str, inside: str, max_bytes: int) -> bytes:
    """The first frame at or after the time that `t=12.5` names. Raises SourceVanished where there is none."""
    seconds = float(inside.removeprefix("t="))
    with _opened(path) as (cv2, capture):
        while capture.grab():
            if capture.get(cv2.CAP_PROP_POS_MSEC) / 1000 + _SLACK >= seconds:
                return _encoded(f"{path}#{inside}", cv2, capture, max_bytes)
    raise SourceVanished(f"{path} has no frame after {seconds:g} seconds any more: import it again")


def _step(frames: float, rate: float) -> int:
    """Seconds between frames, so that they are spread over the whole film."""
    return max(STEP, math.ceil(frames / rate / MOST)) if rate > 0 else STEP


@contextmanager
def _opened(path: str) -> Iterator[tuple[Any, Any]]:
    with needed(path, "OpenCV", "video"):
        for name, value in _SETTINGS.items():
            os.environ.setdefault(name, value)
        import cv2  # noqa: PLC0415 - not everybody has it, and it takes long to load
    with told(path, cv2.error, MemoryError):
        _check(path)
        capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG)
        try:
            if not capture.isOpened():
                raise ValueError("it is damaged, or of a kind that OpenCV does not read")
            sides = (capture.get(side) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
            png.check_pixels(path, *map(int, sides))
            yield cv2, capture
        finally:
            capture.release()


def _check(path: str) -> None:
    """Raise OSError or ValueError for what must not, or cannot, be given to OpenCV."""
    with pictures.opened(Path(path)) as file:
        start = file.read(16)
    if not any(start.startswith(word, offset) for offset, word in _STARTS):
        raise ValueError("it is no video" if start else "it is empty: copy it again")
    if pictures.utf8(path) != path:
        raise ValueError("its name is not UTF-8: rename it")


def _encoded(whole: str, cv2: Any, capture: Any, max_bytes: int) -> bytes:
    with told(whole, cv2.error, MemoryError):
        _, frame = capture.retrieve()
        _, jpeg = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if jpeg.nbytes > max_bytes:
        raise ImageTooLarge(f"{whole} has {jpeg.nbytes:,} bytes as a picture, and the server accepts {max_bytes:,}")
    return bytes(jpeg)
