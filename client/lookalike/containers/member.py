"""One picture of a container, as it goes to an import."""

from collections.abc import Callable
from dataclasses import dataclass

from lookalike.errors import LookalikeError
from lookalike.pictures import Picture


@dataclass(frozen=True, slots=True)
class Member:
    """A picture and its whole source path, or the reason why there is none; one of the two is None."""

    path: str
    picture: Picture | None
    error: LookalikeError | None = None

    @classmethod
    def of(cls, path: str, picture: Callable[[], Picture]) -> "Member":
        """The member with the picture that this gives, or with the error that it raises."""
        try:
            return cls(path, picture())
        except LookalikeError as error:
            return cls(path, None, error)
