import asyncio
import io
import struct
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image
from PIL.JpegImagePlugin import JpegImageFile
from tests.pictures import encoded, picture, picture_bytes

from lookalike_server.errors import BadRegion, DeadlineExceeded, ImageTooLarge, ImageUndecodable, LookalikeError
from lookalike_server.models import efficientnet_lite0, tiny
from lookalike_server.pipeline.decode import Decoder, Region
from lookalike_server.pipeline.formats import BY_PILLOW
from lookalike_server.pipeline.formats.scans import has_scans
from lookalike_server.pipeline.lane import Lane
from lookalike_server.pipeline.turning import EVERY, turned

MODEL = tiny.load("")


def decoder_with(model: Any = MODEL, **limits: Any) -> Decoder:
    defaults = {"threads": 2, "max_bytes": 10_000_000, "max_pixels": 50_000_000}
    return Decoder(model, **{**defaults, **limits})


@pytest.fixture
def decoder() -> Iterator[Decoder]:
    made = decoder_with()
    yield made
    made.close()


@pytest.mark.parametrize("name", BY_PILLOW)
def test_every_format_is_read(decoder: Decoder, name: str) -> None:
    decoded = decoder.decode_now(picture_bytes(1, name))
    expected = MODEL.prepare(picture(1))
    assert (decoded.width, decoded.height) == (200, 150)
    assert decoded.format == name
    assert np.abs(decoded.pixels.astype(int) - expected.astype(int)).mean() < 12, "GIF's 256 colours are the farthest"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "I", "F"])
def test_every_pixel_mode_is_read(decoder: Decoder, mode: str) -> None:
    name = "TIFF" if mode in ("CMYK", "F", "I", "I;16") else "PNG"
    image = Image.new(mode, (40, 30)) if mode in ("I;16", "F", "I") else picture(2, 40, 30).convert(mode)
    assert decoder.decode_now(encoded(image, name)).pixels.shape == (32, 32, 3)


def test_of_an_animation_the_first_picture_counts(decoder: Decoder) -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert (decoder.decode_now(content).pixels == MODEL.prepare(frames[0])).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_honoured(decoder: Decoder, orientation: int) -> None:
    upright = picture(3, 120, 80)
    stored = upright
    for turn in UNDO[orientation]:
        stored = stored.transpose(turn)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    decoded = decoder.decode_now(encoded(stored, "PNG", exif=exif))
    assert (decoded.width, decoded.height) == (120, 80)
    assert (decoded.pixels == decoder.decode_now(encoded(upright)).pixels).all()


FLIP, TURN = Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose
UNDO: dict[int, tuple[Image.Transpose, ...]] = {
    1: (),
    2: (FLIP,),
    3: (TURN.ROTATE_180,),
    4: (TURN.FLIP_TOP_BOTTOM,),
    5: (TURN.TRANSPOSE,),
    6: (TURN.ROTATE_90,),
    7: (TURN.TRANSVERSE,),
    8: (TURN.ROTATE_270,),
}


def test_an_unknown_orientation_is_none(decoder: Decoder) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 77
    assert decoder.decode_now(encoded(picture(3), "JPEG", exif=exif)).width == 200


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"not a picture", "cannot be decoded"),
        (picture_bytes(1, "PNG")[:400], "cannot be decoded"),
        (picture_bytes(1, "JPEG")[:400], "cannot be decoded"),
        (picture_bytes(1, "TIFF")[:100], "cannot be decoded"),
        (b"%PDF-1.4 a document", "cannot be decoded"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "cannot be decoded"),
    ],
)
async def test_what_is_no_picture_is_refused_with_words(decoder: Decoder, content: bytes, words: str) -> None:
    with pytest.raises(ImageUndecodable, match=words) as refused:
        await asyncio.wrap_future(decoder.decode(content, None, Lane.INTERACTIVE))
    assert "object at" not in str(refused.value), "no addresses of ours"


def test_formats_that_are_not_listed_are_refused(decoder: Decoder) -> None:
    with pytest.raises(ImageUndecodable):
        decoder.decode_now(picture_bytes(1, "PPM"))


async def test_too_many_bytes_are_refused_unread() -> None:
    decoder = decoder_with(max_bytes=100)
    with pytest.raises(ImageTooLarge, match="limit of 100"):
        await asyncio.wrap_future(decoder.decode(bytes(101), None, Lane.BULK))
    decoder.close()


def test_too_many_pixels_are_refused_by_the_header() -> None:
    bomb = encoded(Image.new("1", (9_000, 9_000)))
    assert len(bomb) < 100_000
    with pytest.raises(ImageTooLarge, match="81,000,000 pixels"):
        decoder_with(max_pixels=80_000_000).decode_now(bomb)


def test_a_tiff_with_a_tile_larger_than_itself_is_judged_by_the_tile(decoder: Decoder) -> None:
    # Width, height, bits, compression, photometric, tile's width and height, its offset and size.
    fields = {256: 16, 257: 16, 258: 8, 259: 1, 262: 1, 322: 22_000, 323: 22_000, 324: 200, 325: 100}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in fields.items())
    content = struct.pack("<2sHIH", b"II", 42, 8, len(fields)) + entries + bytes(400)
    with pytest.raises(ImageTooLarge, match="484,000,000 pixels"):
        decoder.decode_now(content)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_only_a_jpeg_that_may_have_several_scans_is_looked_through(mode: str) -> None:
    for progressive in (False, True):
        content = encoded(picture(1).convert(mode), "JPEG", progressive=progressive, comment=b"\xff\xda")
        with Image.open(io.BytesIO(content)) as opened:
            assert isinstance(opened, JpegImageFile)
            assert has_scans(opened, content) == progressive


def test_a_sequential_jpeg_of_very_many_scans_is_refused_unread(decoder: Decoder) -> None:
    content = encoded(picture(1), "JPEG")
    start = content.rindex(b"\xff\xda")
    # The first scan holds the first component only; the others would follow, again and again.
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + content[start + 14 : -2]
    with pytest.raises(ImageUndecodable, match="scans"):
        decoder.decode_now(content[:start] + scan * 300 + content[-2:])


def test_a_jpeg_of_very_many_scans_is_refused_unread(decoder: Decoder) -> None:
    content = encoded(picture(1), "JPEG", progressive=True)
    assert 1 < content.count(b"\xff\xda") < 20
    assert decoder.decode_now(content).width == 200
    start = content.rindex(b"\xff\xda")
    scan = content[start:-2]
    with pytest.raises(ImageUndecodable, match="scans"):
        decoder.decode_now(content[:start] + scan * 500 + content[-2:])


def test_extreme_shapes_are_read(decoder: Decoder) -> None:
    for width, height in ((1, 1), (1, 3_000), (3_000, 1)):
        assert decoder.decode_now(encoded(Image.new("RGB", (width, height), "red"))).pixels.shape == (32, 32, 3)


def test_a_region_is_that_part_alone(decoder: Decoder) -> None:
    whole = picture(4, 200, 100)
    half = whole.crop((100, 0, 200, 100))
    decoded = decoder.decode_now(encoded(whole), Region(0.5, 0.0, 1.0, 1.0))
    assert (decoded.pixels == MODEL.prepare(half)).all()
    assert (decoded.width, decoded.height) == (200, 100)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "CMYK"])
def test_turned_in_every_way_it_is_what_the_turned_picture_would_be(
    decoder: Decoder, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, region = picture(5, 120, 80).convert(mode), Region(0.25, 0.0, 1.0, 0.5)
    alone = [
        decoder.decode_now(
            encoded(turned(image.crop((30, 0, 120, 40)), turn), "TIFF" if mode == "CMYK" else "PNG")
        ).pixels
        for turn in EVERY
    ]
    opened, real = list[object](), Image.open

    def counted(*given: Any, **how: Any) -> Image.Image:
        opened.append(given)
        return real(*given, **how)

    monkeypatch.setattr(Image, "open", counted)
    decoded = decoder.decode_now(encoded(image, "TIFF" if mode == "CMYK" else "PNG"), region, EVERY)
    assert [view.tolist() for view in decoded.views] == [pixels.tolist() for pixels in alone]
    assert (decoded.width, decoded.height) == (120, 80)
    assert len(opened) == 1, "decoded once"


def test_turned_after_its_own_orientation(decoder: Decoder) -> None:
    upright = picture(6, 120, 80)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    content = encoded(upright.transpose(Image.Transpose.ROTATE_90), "PNG", exif=exif)
    views = decoder.decode_now(content, None, EVERY).views
    assert [view.tolist() for view in views] == [MODEL.prepare(turned(upright, turn)).tolist() for turn in EVERY]


def test_a_region_has_at_least_one_pixel(decoder: Decoder) -> None:
    assert decoder.decode_now(encoded(picture(4)), Region(0.9999, 0.9999, 1.0, 1.0)).pixels.shape == (32, 32, 3)


@pytest.mark.parametrize(
    "box", [(0.5, 0, 0.5, 1), (0.6, 0, 0.5, 1), (-0.1, 0, 1, 1), (0, 0, 1, 1.1), (float("nan"), 0, 1, 1)]
)
def test_a_region_that_is_no_box_is_refused(box: tuple[float, float, float, float]) -> None:
    with pytest.raises(BadRegion):
        Region(*box)


def test_a_scaled_jpeg_stays_within_the_stated_bound() -> None:
    """`decode` may let the JPEG decoder scale: 0.5 of 255 grey levels on average is the bound in operators.md."""
    model = efficientnet_lite0.load("")
    content = encoded(picture(5, 3_000, 2_000), "JPEG", quality=92)
    with Image.open(io.BytesIO(content)) as opened:
        full = model.prepare(opened)
    scaled = decoder_with(model).decode_now(content).pixels
    assert (scaled != full).any(), "the picture was scaled"
    assert np.abs(scaled.astype(int) - full.astype(int)).mean() < 0.5


async def test_a_bad_picture_fails_alone(decoder: Decoder) -> None:
    contents = [picture_bytes(1), b"broken", picture_bytes(2)]
    results = await asyncio.gather(
        *(asyncio.wrap_future(decoder.decode(content, None, Lane.BULK)) for content in contents), return_exceptions=True
    )
    assert [isinstance(result, LookalikeError) for result in results] == [False, True, False]


class Slow:
    """A model whose pictures 10 pixels wide take until `release`; it notes the widths of all."""

    honours_orientation = False
    draft_size = None

    def __init__(self) -> None:
        self.entered, self.release = threading.Event(), threading.Event()
        self.widths: list[int] = []

    def prepare(self, image: Image.Image) -> object:
        self.widths.append(image.width)
        if image.width == 10:
            self.entered.set()
            assert self.release.wait(10)
        return MODEL.prepare(image)


async def test_who_is_late_or_has_left_when_a_thread_falls_free_is_not_decoded_and_is_counted() -> None:
    slow = Slow()
    decoder = decoder_with(slow, threads=1)
    first = asyncio.wrap_future(decoder.decode(picture_bytes(1, width=10), None, Lane.BULK))
    await asyncio.to_thread(slow.entered.wait, 10)
    late = decoder.decode(picture_bytes(1, width=11), None, Lane.BULK, deadline=time.monotonic())
    left = decoder.decode(picture_bytes(1, width=12), None, Lane.BULK)
    left.cancel()
    slow.release.set()
    await first
    with pytest.raises(DeadlineExceeded):
        await asyncio.wrap_future(late)
    assert slow.widths == [10]
    assert decoder.drops == {("deadline", Lane.BULK): 1, ("cancelled", Lane.BULK): 1}
    decoder.close()


def test_it_learns_what_peoples_pictures_take_and_not_from_an_imports(decoder: Decoder) -> None:
    def predicted(lane: Lane) -> float:
        """After a picture in the lane."""
        noted = threading.Event()
        decoding = decoder.decode(picture_bytes(1), None, lane)
        decoding.add_done_callback(lambda _: noted.set())  # called after the decoder's own
        assert noted.wait(10)
        return decoder.seconds(1)

    guess = decoder.seconds(1)
    assert predicted(Lane.BULK) == guess
    assert predicted(Lane.INTERACTIVE) != guess
    assert decoder.seconds(4) == pytest.approx(4 * decoder.seconds(1))


async def test_pixels_in_flight_are_bounded_by_all_threads_together() -> None:
    slow = Slow()
    decoder = decoder_with(slow, threads=2, max_pixels=10 * 100)
    half = encoded(picture(1, 10, 60))
    first = asyncio.wrap_future(decoder.decode(half, None, Lane.BULK))
    await asyncio.to_thread(slow.entered.wait, 10)
    second = asyncio.wrap_future(decoder.decode(encoded(picture(1, 11, 60)), None, Lane.INTERACTIVE))
    small = await asyncio.wrap_future(decoder.decode(encoded(picture(1, 12, 20)), None, Lane.INTERACTIVE))
    assert small.width == 12, "there is room for a small one"
    assert slow.widths == [10, 12], "the second large one waits for the first"
    slow.release.set()
    await asyncio.gather(first, second)
    assert slow.widths == [10, 12, 11]
    decoder.close()


async def test_who_leaves_before_decoding_is_not_decoded_and_an_import_is_not_in_front_of_a_person() -> None:
    slow = Slow()
    decoder = decoder_with(slow, threads=1)
    first, left = (
        asyncio.wrap_future(decoder.decode(picture_bytes(1, width=width), None, Lane.BULK)) for width in (10, 20)
    )
    await asyncio.to_thread(slow.entered.wait, 10)
    left.cancel()
    await asyncio.wrap_future(decoder.decode(picture_bytes(1, width=30), None, Lane.INTERACTIVE))
    slow.release.set()
    await first
    decoder.close()
    assert slow.widths == [10, 30]
