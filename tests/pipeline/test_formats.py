import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageOps
from tests.corpus.cameras import dng
from tests.corpus.seeds import SAMPLES, gradient, seeds
from tests.pictures import encoded, picture
from tests.tiffs import grey_tiff

from lookalike import Client
from lookalike_server.errors import ImageTooLarge, ImageUndecodable
from lookalike_server.models import tiny
from lookalike_server.pipeline import formats
from lookalike_server.pipeline.decode import Decoded, Decoder
from lookalike_server.pipeline.formats import jxl, jxl_header
from lookalike_server.pipeline.formats.kinds import BEGINNINGS, described
from lookalike_server.pipeline.lane import Lane
from lookalike_server.records import Location
from lookalike_server.testing import serve

MODEL = tiny.load("")
ODD = {"float.tif", "deep.png", "deep.jxl", "deep.jpg", "lossless.jpg", "fax.tif", "transparent.heic", "palette.png"}
"""Of other pixels than `picture(21)`, by what they are."""


def decoded(content: bytes, max_pixels: int = 50_000_000) -> Decoded:
    decoder = Decoder(MODEL, threads=1, max_bytes=10_000_000, max_pixels=max_pixels)
    try:
        return decoder.decode_now(content)
    finally:
        decoder.close()


def difference(one: Decoded, image: Image.Image) -> float:
    """Mean absolute difference of what the network sees, in grey levels."""
    return float(np.abs(one.pixels.astype(int) - MODEL.prepare(image).astype(int)).mean())


@pytest.mark.parametrize("name", sorted(seeds().keys() - ODD))
def test_the_same_picture_is_seen_whatever_the_format(name: str) -> None:
    seen = decoded(seeds()[name])
    assert (seen.width, seen.height) == (200, 150)
    expected = picture(21).convert("L") if name == "grey.jpg" else picture(21)
    assert difference(seen, expected) < 12, "GIF's 256 colours are the farthest"


EIGHT_BITS = ["jpg", "progressive.jpg", "grey.jpg", "cmyk.jpg", "png", "palette.png", "gif", "webp", "tif", "bmp"]


@pytest.mark.parametrize("name", EIGHT_BITS)
def test_ordinary_pictures_become_the_pixels_that_pillow_alone_gives(name: str) -> None:
    with Image.open(io.BytesIO(seeds()[name])) as image:
        image.draft(None, MODEL.draft_size or image.size)
        assert (decoded(seeds()[name]).pixels == MODEL.prepare(image)).all()


def test_each_format_has_a_name() -> None:
    names = {decoded(content).format for content in seeds().values()}
    assert names >= {"JPEG", "MPO", "PNG", "GIF", "WEBP", "TIFF", "BMP", "AVIF", "HEIF"}
    assert names - {"MPO"} <= set(formats.readable())


def test_heif_is_turned_once_and_tells_when_and_where() -> None:
    turned = decoded((SAMPLES / "turned.heic").read_bytes())
    assert difference(turned, picture(21)) < 4
    assert turned.captured == 1_620_284_889_000_000
    assert turned.location == Location(47.5, 8.25)


def test_heif_of_ten_bits_and_with_transparency_is_read() -> None:
    assert difference(decoded((SAMPLES / "ten_bits.heic").read_bytes()), picture(21)) < 4
    page = picture(21).convert("RGBA")
    page.putalpha(Image.linear_gradient("L").resize((200, 150)))
    assert difference(decoded((SAMPLES / "transparent.heic").read_bytes()), page) < 4


@pytest.mark.parametrize("name", ["jpg", "png", "webp", "avif"])
def test_exif_tells_when_and_where(name: str) -> None:
    seen = decoded(seeds()[name])
    assert (seen.captured, seen.location) == (1_620_284_889_000_000, Location(47.5, 8.25))


def test_avif_is_turned_once() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = picture(21).transpose(Image.Transpose.ROTATE_90)
    assert difference(decoded(encoded(stored, "AVIF", exif=exif)), picture(21)) < 4


def test_avifs_are_decoded_one_at_a_time_and_others_beside_them() -> None:
    decoder = Decoder(MODEL, threads=2, max_bytes=10_000_000, max_pixels=50_000_000)
    with formats.opened(seeds()["avif"]) as image, formats.alone(image):
        waiting = decoder.decode(seeds()["avif"], None, Lane.BULK)
        for _ in range(20):
            assert decoder.decode(seeds()["png"], None, Lane.BULK).result().format == "PNG"
        assert not waiting.done()
    assert waiting.result().format == "AVIF"
    decoder.close()


@pytest.mark.parametrize("name", ["apng", "moving.gif", "moving.webp", "pages.tif", "mpo"])
def test_of_several_pictures_in_a_file_the_first_counts(name: str) -> None:
    assert difference(decoded(seeds()[name]), picture(21)) < difference(decoded(seeds()[name]), picture(22))


@pytest.mark.parametrize("name", ["deep.png", "deep.jxl"])
def test_sixteen_bits_are_scaled_and_not_cut_off(name: str) -> None:
    if name not in seeds():
        pytest.skip("the extra jxl")
    grey = decoded(seeds()[name]).pixels.mean(axis=(0, 2))
    expected = MODEL.prepare(Image.fromarray((np.asarray(gradient()) >> 8).astype(np.uint8))).mean(axis=(0, 2))
    assert np.abs(grey - expected).max() <= 1
    assert grey[0] < 10
    assert grey[-1] > 245
    assert (np.diff(grey) > 0).all()


@pytest.mark.parametrize(("bits", "white_is_zero"), [(12, False), (16, False), (16, True), (32, False)])
def test_deep_grey_of_a_tiff_goes_from_black_to_white(bits: int, white_is_zero: bool) -> None:
    row = np.linspace(0, 2**bits - 1, 128).astype(np.uint64)
    samples = np.tile(row[::-1] if white_is_zero else row, (96, 1))
    seen = decoded(grey_tiff(samples, bits, white_is_zero=white_is_zero))
    expected = MODEL.prepare(Image.fromarray((np.asarray(gradient()) >> 8).astype(np.uint8)))
    assert np.abs(seen.pixels.astype(int) - expected).max() <= 1


def test_cmyk_is_seen_as_it_was_meant_with_and_without_adobes_inversion() -> None:
    inverted = seeds()["cmyk.jpg"]
    assert b"Adobe" in inverted
    assert difference(decoded(inverted), picture(21)) < 4
    assert difference(decoded(encoded(picture(21).convert("CMYK"), "TIFF")), picture(21)) < 4


@pytest.mark.parametrize("kept", ["CMYK", "YCCK"])
def test_adobes_two_ways_to_keep_cmyk_are_told_apart(kept: str) -> None:
    codec = pytest.importorskip("imagecodecs")
    inverted = 255 - np.asarray(picture(21).convert("CMYK"))
    content = bytes(codec.jpeg8_encode(inverted, level=95, colorspace="CMYK", outcolorspace=kept))
    with Image.open(io.BytesIO(content)) as image:
        assert image.info["adobe_transform"] == (2 if kept == "YCCK" else 0)
    assert difference(decoded(content), picture(21)) < 4


def test_cmyk_without_adobes_mark_is_not_inverted() -> None:
    content = seeds()["cmyk.jpg"]
    mark = content.index(b"\xff\xee")
    bare = content[:mark] + content[mark + 2 + int.from_bytes(content[mark + 2 : mark + 4], "big") :]
    assert b"Adobe" not in bare
    assert difference(decoded(bare), picture(21)) < 4


def test_what_is_transparent_is_seen_on_white() -> None:
    clear = Image.new("RGBA", (40, 30), (200, 0, 0, 0))
    for content in (encoded(clear), encoded(clear, "WEBP", lossless=True), encoded(clear.convert("LA"))):
        assert (decoded(content).pixels == 255).all()


class TestJpegXl:
    """Its header is read by our own hand."""

    @pytest.mark.parametrize(
        "size", [(8, 8), (256, 256), (200, 150), (1, 1), (300, 1), (1600, 900), (4000, 3), (77, 512)]
    )
    @pytest.mark.parametrize("boxed", [False, True])
    def test_size(self, size: tuple[int, int], boxed: bool) -> None:
        codec = pytest.importorskip("imagecodecs")
        content = bytes(codec.jpegxl_encode(np.zeros((size[1], size[0], 3), np.uint8), usecontainer=boxed))
        assert jxl.opened(content).size == size

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_it_is_turned_once(self, orientation: int) -> None:
        codec = pytest.importorskip("imagecodecs")
        image = picture(5, 120, 80)
        content = bytes(codec.jpegxl_encode(np.asarray(image), level=95))
        seen = decoded(with_orientation(content, orientation))
        assert (seen.width, seen.height) == ((80, 120) if orientation >= 5 else (120, 80))
        exif = Image.Exif()
        exif[0x0112] = orientation
        assert difference(seen, picture_of(encoded(image, exif=exif))) < 4

    @pytest.mark.parametrize("bits", [1, 4, 8, 9, 10, 12, 14, 16])
    @pytest.mark.parametrize("moving", [False, True])
    def test_black_is_black_and_white_is_white_however_deep_it_is(self, bits: int, moving: bool) -> None:
        codec = pytest.importorskip("imagecodecs")
        shades = np.linspace(0, 2**bits - 1, 64).round().astype(np.uint8 if bits <= 8 else np.uint16)
        page = np.tile(shades, (48, 1))[..., None].repeat(3, axis=2)
        pages = np.stack([page, page[:, ::-1]]) if moving else page
        content = bytes(codec.jpegxl_encode(pages, bitspersample=bits, lossless=True))
        grey = decoded(content).pixels.mean(axis=(0, 2))
        assert np.abs(grey[[0, -1]] - [0, 255]).max() < 8
        assert (np.diff(grey) >= 0).all()

    def test_what_stands_before_the_depth_is_passed_over(self) -> None:
        small, all_default = "1" + "01000" + "001", "0"
        extras = "1" + "000" + ("1" + small) + ("1" + "1" + "00" + "001") + ("1" + "00" + "00" + "00" + "0")
        depth = "0" + "01"  # as the numbers of the format, the lowest bit first: the third of four ways
        bits = small + all_default + extras + depth
        stream = int(bits[::-1], 2).to_bytes(-(-len(bits) // 8), "little")
        assert jxl_header.read(b"\xff\x0a" + stream) == jxl_header.Header(36, 24, 12)

    def test_floats_are_clipped_at_white(self) -> None:
        floats = np.array([[np.nan, -1, 0.5, 1, 7]], np.float32)
        assert jxl.eight_bits(floats, 32).tolist() == [[0, 0, 128, 255, 255]]

    def test_too_large_is_refused_before_it_is_decoded(self) -> None:
        pytest.importorskip("imagecodecs")
        with pytest.raises(ImageTooLarge, match="30,000 pixels, over the limit of 29,999"):
            decoded(seeds()["jxl"], max_pixels=29_999)


def picture_of(content: bytes) -> Image.Image:
    """As a viewer shows it."""
    return ImageOps.exif_transpose(Image.open(io.BytesIO(content)))


def with_orientation(content: bytes, orientation: int) -> bytes:
    """A bare JPEG XL of all defaults with another orientation: what follows its header begins at a whole byte."""
    bits = [byte >> bit & 1 for byte in content[2:40] for bit in range(8)]
    size = 1 + 5 + 3 + (0 if any(bits[6:9]) else 5) if bits[0] else 0
    assert size, "its sides are whole eighths"
    assert bits[size : size + 2] == [1, 1], "all defaults, and of its transform too"
    used = size + 2
    turn = [orientation - 1 >> bit & 1 for bit in range(3)]
    # Not all default; extra fields; orientation; no intrinsic size, preview, animation; 8 bits; no channels; XYB; sRGB.
    header = [*bits[:size], 0, 1, *turn, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 1, 1, 0, 0, 1]
    header += [0] * (-len(header) % 8)
    packed = bytes(
        sum(bit << place for place, bit in enumerate(header[at : at + 8])) for at in range(0, len(header), 8)
    )
    return content[:2] + packed + content[2 + -(-used // 8) :]


class TestCameraRaw:
    """A DNG by hand around a preview."""

    @pytest.mark.parametrize("orientation", [1, 3, 6, 8])
    def test_the_preview_is_seen_the_right_way_up(self, orientation: int) -> None:
        pytest.importorskip("rawpy")
        seen = decoded(dng(encoded(picture(21), "JPEG"), 200, 150, orientation))
        exif = Image.Exif()
        exif[0x0112] = orientation
        assert seen.format == "RAW"
        assert (seen.width, seen.height) == ((150, 200) if orientation >= 5 else (200, 150))
        assert difference(seen, picture_of(encoded(picture(21), exif=exif))) < 4

    def test_it_tells_when_it_was_taken(self) -> None:
        pytest.importorskip("rawpy")
        assert decoded(seeds()["dng"]).captured == 1_577_934_245_000_000

    def test_the_preview_is_judged_before_it_is_decoded(self) -> None:
        pytest.importorskip("rawpy")
        with pytest.raises(ImageTooLarge, match="30,000 pixels"):
            decoded(seeds()["dng"], max_pixels=29_999)

    def test_a_plain_tiff_is_none(self) -> None:
        assert decoded(seeds()["tif"]).format == "TIFF"


@pytest.mark.parametrize(
    ("format_name", "extra", "content"), [("JXL", "jxl", b"\xff\x0a"), ("RAW", "raw", seeds()["dng"])]
)
def test_without_its_library_the_error_names_the_extra(
    format_name: str, extra: str, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "find_spec", lambda _: None)
    with pytest.raises(ImageUndecodable, match=rf'pip install "lookalike\[{extra}\]"'):
        decoded(content)
    assert format_name not in formats.readable()


def test_the_server_says_what_it_reads() -> None:
    with serve() as target, Client(target) as looks:
        assert looks.server_info().limits.formats == formats.readable()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<?xml version='1.0'?><svg/>", "SVG"),
        (b"<html>", "web page"),
        (b"P6 2 2 255", "PNM"),
        (b"RIFF\0\0\0\0AVI ", "AVI"),
        (struct.pack(">I4s4sI", 16, b"ftyp", b"isom", 0), "video"),
        (b"\x89PNG\r\n", "begins as PNG, and is damaged there or of a rare kind: save it as"),
        (bytes(100), "zeros"),
        (b"hello", "no kind"),
        *((beginning, words[:12]) for beginning, words in BEGINNINGS),
    ],
)
def test_what_is_no_picture_is_called_by_its_name(content: bytes, words: str) -> None:
    assert words in described(content)
    with pytest.raises(ImageUndecodable):
        decoded(content)


@pytest.mark.parametrize("name", ["deep.jpg", "lossless.jpg"])
def test_a_jpeg_of_more_than_eight_bits_is_scaled(name: str) -> None:
    pytest.importorskip("imagecodecs")
    expected = MODEL.prepare(Image.fromarray((np.asarray(gradient()) >> 8).astype(np.uint8)))
    seen = decoded(seeds()[name])
    assert (seen.format, seen.width, seen.height) == ("JPEG", 128, 96)
    assert np.abs(seen.pixels.astype(int) - expected).max() <= 2


def test_a_jpeg_of_more_than_eight_bits_is_judged_before_it_is_decoded() -> None:
    pytest.importorskip("imagecodecs")
    with pytest.raises(ImageTooLarge, match="12,288 pixels"):
        decoded(seeds()["deep.jpg"], max_pixels=12_287)


@pytest.mark.parametrize("hidden", [False, True])
def test_heif_whose_items_are_of_a_kind_that_is_no_text_is_refused_and_kills_nothing(hidden: bool) -> None:
    content = (SAMPLES / "turned.heic").read_bytes()
    assert content.count(b"infe") == 2
    deadly = content.replace(b"Exif\0", b"E\x80if\0", 1)
    if hidden:  # behind more boxes than anybody counts
        deadly = deadly[:28] + struct.pack(">I4s", 8, b"free") * 5_000 + deadly[28:]
    with pytest.raises(ImageUndecodable, match="not written in letters"):
        decoded(deadly)
