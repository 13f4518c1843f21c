"""The pictures of a page: each is in the file once, however often it was found.

A hundred matches of a thousand queries are the same few thousand pictures again and again. They stand in a style sheet,
each under a number, and a frame names its number: HTML without a script knows no other way to show one picture twice.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lookalike.safe import escaped


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small JPEG, or why there is none."""

    jpeg: bytes = b""
    missing: str = ""


Thumbnails = Mapping[str, Thumbnail]
"""By the pictures' SHA-256."""


class Gallery:
    """Thumbnails, and the frames that they are shown in."""

    def __init__(self, thumbnails: Thumbnails) -> None:
        self._thumbnails = thumbnails
        shown = (sha256 for sha256, each in thumbnails.items() if each.jpeg)
        self._numbers = {sha256: number for number, sha256 in enumerate(shown, 1)}

    def style(self) -> Iterator[str]:
        """All pictures by their numbers, to stand in the page's head."""
        yield "<style>\n"
        for sha256, number in self._numbers.items():
            data = b64encode(self._thumbnails[sha256].jpeg).decode()
            yield f".p{number} {{ background-image: url(data:image/jpeg;base64,{data}) }}\n"
        yield "</style>\n"

    def frame(self, sha256: str) -> str:
        """One of them, or why it is not there."""
        number = self._numbers.get(sha256)
        if number is None:
            missing = self._thumbnails.get(sha256, Thumbnail(missing="not found on this machine")).missing
            return f'<span class="frame">{escaped(missing)}</span>'
        return f'<span class="frame"><span class="picture p{number}"></span></span>'
