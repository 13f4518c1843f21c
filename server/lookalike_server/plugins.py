"""Finds the parts that plug in: models, engines, indexes and stores, registered as entry points.

Ours register the same way as a stranger's package, so nothing here knows a name.
"""

from importlib.metadata import entry_points
from typing import Any

from lookalike_server.errors import LookalikeError


class PluginNotFound(LookalikeError):
    """Nothing is registered under this name, or it cannot be imported; raised at start, never by a request."""


def names(group: str) -> list[str]:
    """Names registered in a group such as `lookalike.indexes`, sorted, each once."""
    return sorted(entry_points(group=group).names)


def load(group: str, name: str, error: type[LookalikeError] = PluginNotFound) -> Any:
    """The object registered as `name` in `group`.

    Raises `error` when there is none, with the names there are, or when a stranger's package fails to import.
    """
    found = tuple(entry_points(group=group, name=name))
    if not found:
        known = ", ".join(names(group)) or "none"
        raise error(f"no {name!r} is registered in {group}; known: {known}")
    try:
        return found[0].load()
    except Exception as why:  # a stranger's module may raise anything
        what = f"{name!r} of {group} ({found[0].value})"
        raise error(f"{what} cannot be imported: {type(why).__name__}: {why}") from why
