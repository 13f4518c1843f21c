import io
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational
from tests.pictures import encoded, picture

from lookalike_server.errors import ImageUndecodable
from lookalike_server.models import tiny
from lookalike_server.pipeline.decode import Decoder
from lookalike_server.pipeline.exif import capture_time, location

LISBON = (38.7223, -9.1393)
TAGS = ExifTags.GPS


def placed(**tags: Any) -> Image.Exif:
    """EXIF of a picture from Lisbon, but for what the tags say; None takes one away."""
    whole = {
        TAGS.GPSLatitudeRef: "N",
        TAGS.GPSLatitude: (38, 43, 20.28),
        TAGS.GPSLongitudeRef: "W",
        TAGS.GPSLongitude: (9, 8, 21.48),
        **{getattr(TAGS, name): value for name, value in tags.items()},
    }
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "a camera"  # Pillow writes none where only the place is told
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({tag: value for tag, value in whole.items() if value is not None})
    return exif


@pytest.mark.parametrize(
    ("taken", "zone", "expected"),
    [
        ("2020:06:01 12:00:00", "", 1_591_012_800_000_000),
        ("2020:06:01 12:00:00", "+02:00", 1_591_005_600_000_000),
        ("2020:06:01 12:00:00", "-01:30", 1_591_018_200_000_000),
        ("2020:06:01 12:00:00", "nonsense", 1_591_012_800_000_000),
        ("0000:00:00 00:00:00", "", None),
        ("yesterday", "", None),
        ("0001:01:01 00:00:00", "+23:59", None),
        ("9999:12:31 23:59:59", "-01:00", None),
    ],
)
def test_capture_time(taken: str, zone: str, expected: int | None) -> None:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif).update(
        {ExifTags.Base.DateTimeOriginal: taken, ExifTags.Base.OffsetTimeOriginal: zone}
    )
    assert capture_time(exif) == expected
    with Image.open(io.BytesIO(encoded(picture(1), "JPEG", exif=exif))) as opened:
        assert capture_time(opened.getexif()) == expected


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP"])
def test_a_picture_tells_where_it_was_taken(name: str) -> None:
    decoder = Decoder(tiny.load(""), threads=1, max_bytes=10**7, max_pixels=10**7)
    for exif, expected in ((placed(), LISBON), (Image.Exif(), None)):
        found = decoder.decode_now(encoded(picture(1), name, exif=exif)).location
        assert (found and (round(found.latitude, 6), round(found.longitude, 6))) == expected
    decoder.close()


@pytest.mark.parametrize(
    ("parts", "reference", "expected"),
    [
        ((38, 43, 20.28), "N", 38.7223),
        ((33, 51.407064, 0), "S", -33.8567844),
        ((51.2152967, 0, 0), "N\0", 51.2152967),
        ((IFDRational(90, 1), IFDRational(0, 1), IFDRational(0, 7)), " S", -90),
        ((Fraction(1, 2), 30, 60), "S", -(0.5 + 0.5 + 1 / 60)),
    ],
)
def test_degrees_minutes_and_seconds_are_one_number(parts: tuple[float, ...], reference: str, expected: float) -> None:
    found = location(placed(GPSLatitude=parts, GPSLatitudeRef=reference))
    assert found is not None
    assert found.latitude == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    "tags",
    [
        {"GPSLatitude": None},
        {"GPSLongitude": None},
        {"GPSLatitudeRef": None},
        {"GPSLongitudeRef": None},
        {"GPSLatitudeRef": ""},
        {"GPSLatitudeRef": "E"},
        {"GPSLatitudeRef": "NS"},
        {"GPSLatitudeRef": b"N"},
        {"GPSLatitudeRef": 1},
        {"GPSLatitude": (IFDRational(38, 0), 43, 20)},
        {"GPSLatitude": (38, 43, IFDRational(0, 0))},
        {"GPSLatitude": (math.nan, 0, 0)},
        {"GPSLatitude": (math.inf, 0, 0)},
        {"GPSLatitude": (38, math.nan, 0)},
        {"GPSLatitude": (90, 0, 0.01)},
        {"GPSLatitude": (-38, 43, 20)},
        {"GPSLatitude": (38, -43, 20)},
        {"GPSLatitude": (38, 61, 0)},
        {"GPSLatitude": (38, 0, 61)},
        {"GPSLatitude": (38, 43)},
        {"GPSLatitude": 38.7},
        {"GPSLatitude": "38 43 20"},
        {"GPSLatitude": b"\xff\x00\x01"},
        {"GPSLongitude": (180, 1, 0)},
    ],
    ids=str,
)
def test_a_place_that_cannot_be_read_is_not_known(tags: dict[str, Any]) -> None:
    assert location(placed(**tags)) is None


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP"])
def test_damaged_exif_is_no_error(name: str) -> None:
    decoder = Decoder(tiny.load(""), threads=1, max_bytes=10**7, max_pixels=10**7)
    whole = placed().tobytes()
    for cut in range(14, len(whole), 5):  # beyond the marks that say what it is
        damaged = whole[:cut] + b"\xff" * 8 + whole[cut + 8 :]
        found = decoder.decode_now(encoded(picture(1), name, exif=damaged)).location
        assert found is None or (abs(found.latitude) <= 90 and abs(found.longitude) <= 180)
    decoder.close()


SIDEWAYS_ENTRY = b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0"  # orientation: turn it by 90 degrees
CUT = b"II*\0\x08\0\0\0\x02\0" + SIDEWAYS_ENTRY + b"\x10\x01"
WRONG = b"II*\0\x08\0\0\0\x02\0" + SIDEWAYS_ENTRY + b"\x1a\x01\x05\0\x01\0\0\0\xff\xff\xff\x7f\0\0\0\0"


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    ("block", "size"),
    [
        (b"no header at all", (200, 150)),
        (b"\xff" * 40, (200, 150)),
        (b"II*\0", (200, 150)),
        (b"II*\0\xff\xff\xff\xff", (200, 150)),
        (CUT, (150, 200)),
        (WRONG, (150, 200)),
    ],
    ids=["no header", "noise", "cut header", "nowhere", "cut after the orientation", "another entry points nowhere"],
)
def test_a_picture_is_not_refused_for_its_exif(name: str, block: bytes, size: tuple[int, int]) -> None:
    decoder = Decoder(tiny.load(""), threads=1, max_bytes=10**7, max_pixels=10**7)
    found = decoder.decode_now(encoded(picture(1), name, exif=b"Exif\0\0" + block))
    assert (found.width, found.height, found.captured, found.location) == (*size, None, None)
    decoder.close()


@pytest.mark.parametrize("name", ["PNG", "JPEG", "WEBP"])
def test_damaged_pixels_are_refused_whatever_exif_says(name: str) -> None:
    decoder = Decoder(tiny.load(""), threads=1, max_bytes=10**7, max_pixels=10**7)
    whole = encoded(picture(1), name)
    with pytest.raises(ImageUndecodable):
        decoder.decode_now(whole[: len(whole) // 2])
    decoder.close()


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_tiff_is_turned_once_as_a_png_is(turn: int) -> None:
    decoder = Decoder(tiny.load(""), threads=1, max_bytes=10**7, max_pixels=10**7)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = turn
    png = decoder.decode_now(encoded(picture(1), "PNG", exif=exif))
    tiff = decoder.decode_now(encoded(picture(1), "TIFF", tiffinfo={ExifTags.Base.Orientation: turn}))
    assert (tiff.width, tiff.height) == (png.width, png.height)
    np.testing.assert_array_equal(tiff.pixels, png.pixels)
    decoder.close()
