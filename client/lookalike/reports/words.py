"""How values read to people, on a page and in a cell."""

from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime
from typing import Any


def written(when: datetime | None) -> str:
    """Give a time in ISO 8601."""
    return when.isoformat() if when else ""


def in_words(value: object) -> str:
    """Give an option's value; of an object the fields that are not what they are by themselves."""
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(in_words, value)) + "]"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not is_dataclass(value):
        return str(value)
    told = [(each.name, getattr(value, each.name)) for each in fields(value) if _is_told(each, value)]
    return ", ".join(f"{name}={in_words(given)}" for name, given in told)


def _is_told(each: Field[Any], value: object) -> bool:
    usual = each.default_factory() if each.default_factory is not MISSING else each.default
    given = getattr(value, each.name)
    return bool(given != usual and (given or usual == MISSING))
