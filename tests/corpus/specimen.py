"""A file of the corpus: what is wrong with it, and what must become of it."""

from dataclasses import dataclass

TAKEN, UNDECODABLE, TOO_LARGE = "taken", "IMAGE_UNDECODABLE", "IMAGE_TOO_LARGE"


@dataclass(frozen=True, slots=True)
class Specimen:
    """One file; `outcome` is what a user must be told of it: that it was taken, or the reason of the error."""

    group: str
    what: str
    content: bytes
    outcome: str
    path: str = ""
    """Where it says it lies; empty: named by its number."""
    extra: str = ""
    """Module that must be there for that outcome; without it the file is refused."""
