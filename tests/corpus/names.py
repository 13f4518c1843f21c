"""Good pictures whose names play tricks: what a path says is kept as words, and never followed by the server."""

from collections.abc import Iterator

from tests.corpus.specimen import Specimen
from tests.pictures import encoded, picture

REFUSED = "BAD_REQUEST"
NAMES: tuple[tuple[str, str, str], ...] = (
    ("leads out of its folder", "photos/../../../../etc/passwd", "taken"),
    ("is absolute", "/etc/shadow", "taken"),
    ("is one of Windows", "C:\\Windows\\..\\a.jpg", "taken"),
    ("holds a NUL", "a\0b.jpg", REFUSED),
    ("holds a line break", "a\nb.jpg", "taken"),
    ("moves a terminal's cursor", "a\x1b[2J\x1b]0;owned\x07.jpg", "taken"),
    ("reads from right to left", "holiday\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe", "taken"),
    ("holds half a character (surrogate)", "caf\udce9.jpg", "taken"),
    ("is a web page", "<img src=x onerror=alert(1)>.jpg", "taken"),
    ("is SQL", "a'); DROP TABLE images; --.jpg", "taken"),
    ("has 5,000 letters", "a" * 5_000 + ".jpg", REFUSED),
    ("leads out of an archive (zip slip)", "album.zip!/../../etc/cron.d/job", "taken"),
    ("is a page of itself", "a.pdf#page=99999999999999999999", "taken"),
)


def specimens() -> Iterator[Specimen]:
    """All of them."""
    for number, (what, path, outcome) in enumerate(NAMES):
        content = encoded(picture(100 + number), "PNG")
        yield Specimen("path", f"a path that {what}", content, outcome, path=path)
