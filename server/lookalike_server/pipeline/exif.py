"""What a camera wrote beside the pixels: when and where it took the picture, and which way up it is.

EXIF is written by a thousand cameras and programs: what cannot be read is not known, and never an error.
"""

import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

from PIL import ExifTags, Image

from lookalike_server.records import EARLIEST, LATEST, Location

NORTH, EAST = {"N": 1, "S": -1}, {"E": 1, "W": -1}

UPRIGHT = 1
SIDEWAYS = frozenset({5, 6, 7, 8})
"""Orientations: the one that needs nothing done, and those that swap width and height."""


def exif_of(image: Image.Image) -> Image.Exif:
    """What can be read of a picture's EXIF, once its pixels are decoded; damage of those is raised."""
    image.load()  # EXIF may stand behind the pixels, and Pillow turns a TIFF by itself: then it no longer says to
    with suppress(Exception):
        image.getexif()
    return image.getexif()  # Pillow tries once: from now on it gives what it had read before the damage


def orientation(exif: Image.Exif) -> int:
    """How the picture must be turned, 1 to 8 (EXIF 2.32, Orientation); upright where that is not known."""
    try:
        return int(exif[ExifTags.Base.Orientation])
    except Exception:
        return UPRIGHT


def capture_time(exif: Image.Exif) -> int | None:
    """When the picture was taken, in microseconds since 1970 (EXIF 2.32, DateTimeOriginal and OffsetTimeOriginal).

    A local time without a zone counts as UTC.
    """
    try:
        tags: Mapping[int, object] = exif.get_ifd(ExifTags.IFD.Exif)
        taken = datetime.strptime(str(tags[ExifTags.Base.DateTimeOriginal]).strip("\0 "), "%Y:%m:%d %H:%M:%S")
        zone = utc_offset(str(tags.get(ExifTags.Base.OffsetTimeOriginal, "")))
        micros = int(taken.replace(tzinfo=zone).timestamp()) * 1_000_000
        return micros if EARLIEST <= micros <= LATEST else None
    except Exception:
        return None


def utc_offset(words: str) -> timezone:
    """A zone such as +02:00; UTC for anything else."""
    try:
        sign, hours, minutes = words[0], int(words[1:3]), int(words[4:6])
    except (IndexError, ValueError):
        return UTC
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if sign == "-" else offset)


def location(exif: Image.Exif) -> Location | None:
    """Where the picture was taken (EXIF 2.32, GPSLatitude and GPSLongitude with their references)."""
    try:
        tags = exif.get_ifd(ExifTags.IFD.GPSInfo)
        north = degrees(tags[ExifTags.GPS.GPSLatitude], NORTH[tags[ExifTags.GPS.GPSLatitudeRef].strip("\0 ")])
        east = degrees(tags[ExifTags.GPS.GPSLongitude], EAST[tags[ExifTags.GPS.GPSLongitudeRef].strip("\0 ")])
    except Exception:
        return None
    return Location(north, east) if abs(north) <= 90 and abs(east) <= 180 else None


def degrees(parts: Iterable[float], sign: int) -> float:
    """Degrees, minutes and seconds as one number; NaN or ValueError for what is none."""
    whole, minutes, seconds = (float(part) for part in parts)
    if min(whole, minutes, seconds) < 0 or max(minutes, seconds) > 60:
        return math.nan
    return sign * (whole + minutes / 60 + seconds / 3600)
