"""Between the SDK's objects and plain JSON: an object's fields by their names, times in ISO 8601, no embeddings.

`plain` goes there, `shaped` comes back and believes nothing: what does not have exactly the fields and types that the
classes declare is refused with the place where it stands, so that a damaged or hostile file ends in one sentence.
"""

import math
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime
from functools import cache
from pathlib import PurePath
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from lookalike.reports.document import BadReport

_WORDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", datetime: "a time"}


def plain(value: Any) -> Any:
    """Turn the SDK's objects into what JSON knows; an absent embedding is left out."""
    if is_dataclass(value):
        members = {each.name: getattr(value, each.name) for each in _fields(value)}
        return {name: plain(member) for name, member in members.items()}
    if isinstance(value, Mapping):
        return {str(key): plain(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [plain(member) for member in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, PurePath) else value


def shaped(kind: Any, value: object, where: str) -> Any:
    """Give a JSON value as an object of this type. Raises BadReport."""
    parts = get_args(kind)
    if NoneType in parts:
        (kind,) = (part for part in parts if part is not NoneType)
        return None if value is None else shaped(kind, value, where)
    if is_dataclass(kind):
        return _object(kind, _expect(dict, value, "an object", where), where)
    if get_origin(kind) is Mapping:
        members = _expect(dict, value, "an object", where)
        return {name: shaped(parts[1], member, f"{where}[{name[:40]!r}]") for name, member in members.items()}
    if parts:
        members = _expect(list, value, "a list", where)
        return tuple(shaped(parts[0], member, f"{where}[{place}]") for place, member in enumerate(members))
    return _scalar(kind, value, where)


def _fields(kind: Any) -> list[Field[Any]]:
    return [each for each in fields(kind) if each.name != "embedding"]


def _object(kind: Any, members: dict[str, object], where: str) -> Any:
    known, hints = {each.name: each for each in _fields(kind)}, _hints(kind)
    if strange := sorted(members.keys() - known.keys()):
        raise BadReport(f"{where} has a field {strange[0][:40]!r} that no report of this version has")
    needed = [each.name for each in known.values() if each.default is MISSING and each.default_factory is MISSING]
    if lacking := [name for name in needed if name not in members]:
        raise BadReport(f"{where} has no {lacking[0]}")
    return kind(**{name: shaped(hints[name], member, f"{where}.{name}") for name, member in members.items()})


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind, localns={"Vector": object})


def _expect(kind: type, value: object, words: str, where: str) -> Any:
    if not isinstance(value, kind):
        raise BadReport(f"{where} is not {words}")
    return value


def _scalar(kind: Any, value: object, where: str) -> Any:
    try:
        if kind is datetime and isinstance(value, str):
            return datetime.fromisoformat(value)
        if kind is float and type(value) in (int, float):
            number = float(value)  # type: ignore[arg-type]
            if math.isfinite(number):
                return number
        elif type(value) is kind:
            return value
    except (ValueError, OverflowError):
        pass
    raise BadReport(f"{where} is not {_WORDS[kind]}")
