"""What is in folders of kinds, and what of it is set aside, on every machine alike."""

from hashlib import sha256
from pathlib import Path

import pytest
from PIL import Image
from tests.pictures import picture, write_pictures

from lookalike_server.errors import ImageUndecodable, TrainingDataError
from lookalike_server.training.folder import Picture, find, read, set_aside


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def named(*names: str, kind: str = "beach", folder: str = "places") -> list[Picture]:
    return [Picture(Path(folder), kind, Path(folder, kind, name)) for name in names]


def test_pictures_are_found_in_order_of_folder_kind_and_name(tmp_path: Path) -> None:
    places, objects = tmp_path / "places", tmp_path / "objects"
    touch(places / "snow/2.PNG", places / "snow/1.jpg", places / "beach/3.webp", objects / "chair/4.jpeg")
    found = find([places, objects])
    assert [(picture.folder, picture.kind, picture.path.name) for picture in found] == [
        (places, "beach", "3.webp"),
        (places, "snow", "1.jpg"),
        (places, "snow", "2.PNG"),
        (objects, "chair", "4.jpeg"),
    ]


def test_a_folder_that_is_named_twice_counts_once(tmp_path: Path) -> None:
    touch(tmp_path / "beach/1.jpg")
    assert len(find([tmp_path, tmp_path])) == 1


def test_what_is_hidden_or_no_picture_or_of_no_kind_is_left_out(tmp_path: Path) -> None:
    touch(tmp_path / "beach/1.jpg", tmp_path / "beach/.2.jpg", tmp_path / ".trash/3.jpg", tmp_path / "4.jpg")
    touch(tmp_path / "beach/labels.txt")
    (tmp_path / "beach/folder.jpg").mkdir()
    assert [picture.path.name for picture in find([tmp_path])] == ["1.jpg"]


def test_a_folder_without_kinds_is_refused_by_name(tmp_path: Path) -> None:
    touch(tmp_path / "1.jpg")
    with pytest.raises(TrainingDataError, match=r"FOLDER/KIND/PICTURE"):
        find([tmp_path])
    with pytest.raises(TrainingDataError, match="nowhere cannot be listed"):
        find([tmp_path / "nowhere"])


def test_the_first_fifth_by_the_hash_of_kind_and_name_is_set_aside() -> None:
    pictures = named(*(f"{number}.jpg" for number in range(10)))
    by_hash = sorted(pictures, key=lambda each: sha256(f"beach/{each.path.name}".encode()).hexdigest())
    aside = [each for each, chosen in zip(pictures, set_aside(pictures), strict=True) if chosen]
    assert set(aside) == set(by_hash[:2])


def test_known_names_give_known_pictures() -> None:
    pictures = named("a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg")
    assert [each.path.name for each, chosen in zip(pictures, set_aside(pictures), strict=True) if chosen] == ["c.jpg"]


@pytest.mark.parametrize(("n", "aside"), [(1, 0), (2, 0), (3, 1), (5, 1), (8, 2), (100, 20)])
def test_a_fifth_is_rounded_and_a_picture_alone_stays(n: int, aside: int) -> None:
    assert set_aside(named(*(f"{number}.jpg" for number in range(n)))).sum() == aside


def test_what_is_set_aside_depends_neither_on_order_nor_on_other_kinds_and_folders() -> None:
    beach = named(*(f"{number}.jpg" for number in range(20)))
    others = [*named("1.jpg", "2.jpg", "3.jpg", kind="snow"), *named("1.jpg", "2.jpg", "3.jpg", folder="elsewhere")]
    alone = {each for each, chosen in zip(beach, set_aside(beach), strict=True) if chosen}
    mixed = [*reversed(beach), *others]
    among = {each for each, chosen in zip(mixed, set_aside(mixed), strict=True) if chosen}
    assert among & set(beach) == alone


def test_a_picture_is_read_upright_and_in_rgb(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned: to be rotated by 270 degrees
    picture(1).convert("L").save(tmp_path / "turned.jpg", exif=exif)
    found = read(tmp_path / "turned.jpg")
    assert found.size == (150, 200)
    assert found.mode == "RGB"


def test_what_cannot_be_read_is_told_by_its_path(tmp_path: Path) -> None:
    (whole,) = write_pictures(tmp_path, range(1))
    for name, content in (("short.png", whole.read_bytes()[:500]), ("words.jpg", b"no picture")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ImageUndecodable, match=name):
            read(tmp_path / name)
