from pathlib import Path

import pytest
from PIL import Image
from tests.pictures import write_pictures

from lookalike.cli.sheet import QUERY, TILE, Row, found_sheet, rows_sheet, save
from lookalike.cli.tile import GREY, LOUD, Tile, draw_tile, font, shorten
from lookalike.types import Region

RED = (200, 30, 30)


def pixels(picture: Image.Image) -> list[tuple[int, int, int]]:
    data = picture.convert("RGB").tobytes()
    return list(zip(data[0::3], data[1::3], data[2::3], strict=True))


def colours(picture: Image.Image) -> set[tuple[int, ...]]:
    return set(pixels(picture))


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour.removeprefix("#")))


@pytest.fixture
def red(tmp_path: Path) -> Path:
    path = tmp_path / "red.png"
    Image.new("RGB", (300, 200), RED).save(path)
    return path


def tiles(path: Path, count: int) -> list[Tile]:
    return [Tile(path, f"{rank} · 0.1000", path.name) for rank in range(1, count + 1)]


def test_a_tile_shows_its_picture(red: Path) -> None:
    card = draw_tile(Tile(red, "1 · 0.5000", "red.png"), *TILE)
    assert card.size == TILE
    assert card.getpixel((TILE[0] // 2, TILE[1] // 3)) == RED


def test_a_tile_without_a_file_is_grey_and_says_so(tmp_path: Path) -> None:
    gone = draw_tile(Tile(tmp_path / "gone.png", "1", "gone.png"), *TILE)
    assert rgb(GREY) in colours(gone)
    reason = Tile(tmp_path / "gone.png", "1", "gone.png", missing="changed")
    assert draw_tile(reason, *TILE).tobytes() != gone.tobytes()


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + bytes(40)])
def test_a_damaged_file_is_grey(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.png").write_bytes(content)
    assert rgb(GREY) in colours(draw_tile(Tile(tmp_path / "broken.png", "1", "broken.png"), *TILE))


def test_a_picture_cut_short_is_grey(tmp_path: Path) -> None:
    (whole,) = write_pictures(tmp_path, range(1))
    whole.write_bytes(whole.read_bytes()[:400])
    assert rgb(GREY) in colours(draw_tile(Tile(whole, "1", "0000.png"), *TILE))


def test_a_picture_is_turned_upright(tmp_path: Path) -> None:
    lying = Image.new("RGB", (300, 100), RED)
    exif = lying.getexif()
    exif[0x0112] = 6  # the camera was turned a quarter
    lying.save(tmp_path / "lying.jpg", exif=exif)
    card = draw_tile(Tile(tmp_path / "lying.jpg", "1", "lying.jpg"), *TILE)
    reddish = [x for x in range(TILE[0]) if card.getpixel((x, TILE[1] // 3))[1] < 60]  # type: ignore[index]
    assert len(reddish) < TILE[0] // 2


def test_transparent_parts_are_white(tmp_path: Path) -> None:
    Image.new("RGBA", (50, 50), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    card = draw_tile(Tile(tmp_path / "clear.png", "", ""), *TILE)
    assert (0, 0, 0) not in colours(card)


def test_a_region_is_outlined(red: Path) -> None:
    plain = draw_tile(Tile(red, "query", "red.png"), *QUERY)
    outlined = draw_tile(Tile(red, "query", "red.png", region=Region(0.25, 0.25, 0.75, 0.75)), *QUERY)
    assert rgb(LOUD) not in colours(plain)
    assert rgb(LOUD) in colours(outlined)


def test_long_names_are_shortened_in_the_middle() -> None:
    name = "holiday-in-the-mountains-2019-08-14-0815.jpg"
    short = shorten(name, 13, 120)
    assert font(13).getlength(short) <= 120
    head, tail = short.split("…")
    assert name.startswith(head)
    assert name.endswith(tail)
    assert shorten("a.jpg", 13, 120) == "a.jpg"


@pytest.mark.parametrize("count", [0, 1, 5, 30])
def test_a_sheet_holds_query_and_matches(red: Path, count: int) -> None:
    sheet = found_sheet("red.png", "tiny", Row(Tile(red, "query", "red.png", LOUD), tiles(red, count)))
    framed = pixels(sheet).count(RED)
    query = draw_tile(Tile(red, "", "", LOUD), *QUERY)
    match = draw_tile(Tile(red, "", ""), *TILE)
    expected = pixels(query).count(RED)
    expected += count * pixels(match).count(RED)
    assert framed == expected


def test_rows_may_differ_in_length(red: Path) -> None:
    rows = [Row(Tile(red, "a", "a"), tiles(red, 3)), Row(Tile(red, "b", "b"), tiles(red, 1))]
    one = rows_sheet("title", "note", rows[:1])
    two = rows_sheet("title", "note", rows)
    assert two.width == one.width
    assert two.height > one.height + TILE[1]


def test_a_sheet_replaces_an_earlier_sheet(red: Path, tmp_path: Path) -> None:
    first = found_sheet("one", "", Row(Tile(red, "query", "red.png"), tiles(red, 1)))
    second = found_sheet("two", "", Row(Tile(red, "query", "red.png"), tiles(red, 9)))
    save(first, tmp_path / "sheet.png")
    save(second, tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as written:
        assert written.size == second.size


@pytest.mark.parametrize("content", [None, b"notes"])
def test_a_sheet_replaces_nothing_else(red: Path, tmp_path: Path, content: bytes | None) -> None:
    target = red if content is None else tmp_path / "notes.txt"
    if content is not None:
        target.write_bytes(content)
    before = target.read_bytes()
    sheet = found_sheet("one", "", Row(Tile(red, "query", "red.png"), tiles(red, 1)))
    with pytest.raises(FileExistsError, match="not a contact sheet"):
        save(sheet, target)
    assert target.read_bytes() == before
