"""A file is the old one or the new one, never half of it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from tests.disk import no_file_beyond

from lookalike.cli import sheet
from lookalike.mapping import png
from lookalike.whole import whole

LONGEST = "界" * 83 + ".png"
"""Of 253 bytes; a file system takes names of 255."""


def test_what_is_written_takes_its_name_at_the_end(tmp_path: Path) -> None:
    file = tmp_path / LONGEST
    file.write_text("old")
    with whole(file) as part:
        part.write_text("new")
        assert file.read_text() == "old"
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [(LONGEST, "new")]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError, ValueError])
def test_what_was_broken_off_leaves_the_old(tmp_path: Path, stop: type[BaseException]) -> None:
    def broken_off() -> None:
        with whole(file) as part:
            part.write_text("half")
            raise stop

    file = tmp_path / "kept"
    file.write_text("old")
    with pytest.raises(stop):
        broken_off()
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("kept", "old")]


@pytest.mark.parametrize("save", [sheet.save, png.save])
def test_a_full_disk_leaves_the_earlier_picture(tmp_path: Path, save: Callable[[Image.Image, Path], None]) -> None:
    file = tmp_path / "found.png"
    save(Image.new("RGB", (8, 8)), file)
    earlier = file.read_bytes()
    with no_file_beyond(1_000), pytest.raises(OSError, match="too large"):
        save(Image.effect_noise((400, 400), 90), file)
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("found.png", earlier)]
