"""Which of a network's inputs and outputs is meant."""

from collections.abc import Sequence

from lookalike_server.errors import ModelFileError
from lookalike_server.models.description import NetworkDescription


def chosen(description: NetworkDescription, key: str, names: Sequence[str]) -> str:
    """The name that the description's key gives, or the only one there is. Raises ModelFileError."""
    wanted: str = getattr(description, key)
    if wanted in names:
        return wanted
    if not wanted and len(names) == 1:
        return names[0]
    there = f"{description.file} has the {key}s {', '.join(sorted(names))}"
    raise ModelFileError(f"{there}; there is no {wanted!r}." if wanted else f"{there}: say which by {key} = ...")
