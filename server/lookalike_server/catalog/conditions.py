"""A filter as an SQL condition on the table `images`. Every value travels as a parameter."""

import json
from collections.abc import Iterable, Iterator
from sys import maxunicode

from lookalike_server.records import Filter

Condition = tuple[str, list[object]]
"""SQL text and its parameters."""

_NAMED = "t.sha256 IN (SELECT id_bytes(value) FROM json_each(?))"

Membership = tuple[str, str, list[object]]
"""A table that names images, the condition on its rows `t`, and that one's parameters."""


def where(collection: int, wanted: Filter, *, after: int, one_by_one: bool) -> Condition:
    """The condition that holds for the images of a collection that the filter admits, with serials beyond `after`.

    `one_by_one` suits a few images that are looked at each; else what each part admits is gathered first, which suits
    a filter over all of them.
    """
    members = [*_labels(wanted), *_path(wanted.path_prefix), *_captured(wanted), *_ids(wanted), *_scenes(wanted)]
    # A plus keeps SQLite from walking through the whole collection where the filter is a shorter way in.
    plus = "+" if members or one_by_one else ""
    parts: list[Condition] = [
        (f"{plus}images.collection = ?", [collection]),
        (f"{plus}images.serial > ?", [after]),
        *(_member(collection, one, one_by_one) for one in members),
        *(_stranger(collection, one, one_by_one) for one in _unwanted(wanted)),
        *_unstaged(wanted.not_embedded_by),
    ]
    return " AND ".join(text for text, _ in parts), [value for _, values in parts for value in values]


def listed(values: Iterable[object]) -> str:
    """Values as the one parameter that `json_each(?)` unfolds: any number of them fits."""
    return json.dumps(list(values))


def _member(collection: int, membership: Membership, one_by_one: bool) -> Condition:
    table, condition, values = membership
    # The texts are made of constants; values are parameters.
    if one_by_one:  # without the collection, which would tempt SQLite to search its index instead of the image's rows
        return f"EXISTS (SELECT 1 FROM {table} AS t WHERE t.serial = images.serial AND {condition})", values  # noqa: S608
    text = f"images.serial IN (SELECT serial FROM {table} AS t WHERE t.collection = ? AND {condition})"  # noqa: S608
    return text, [collection, *values]


def _stranger(collection: int, membership: Membership, one_by_one: bool) -> Condition:
    text, values = _member(collection, membership, one_by_one)
    return "NOT " + text, values


def _labels(wanted: Filter) -> Iterator[Membership]:
    for key, value in wanted.labels.items():
        yield "labels", "t.key = ? AND t.value = ?", [key, value]


def _path(prefix: str) -> Iterator[Membership]:
    # A stretch of the index on paths: LIKE and GLOB would read % _ * ? [ in the prefix as wildcards.
    end = _after(prefix)
    if end is not None:
        yield "sources", "t.path >= ? AND t.path < ?", [prefix, end]
    elif prefix:
        yield "sources", "t.path >= ?", [prefix]


def _after(prefix: str) -> str | None:
    """The first text beyond all that begin with `prefix`; None when there is none."""
    kept = prefix.rstrip(chr(maxunicode))
    if not kept:
        return None
    following = ord(kept[-1]) + 1
    # UTF-8, SQLite's order, has no surrogates.
    return kept[:-1] + chr(0xE000 if following == 0xD800 else following)


def _captured(wanted: Filter) -> Iterator[Membership]:
    start, end = wanted.captured_from, wanted.captured_before
    if start is not None and end is not None:
        yield "images", "t.captured >= ? AND t.captured < ?", [start, end]
    elif start is not None:
        yield "images", "t.captured >= ?", [start]
    elif end is not None:
        yield "images", "t.captured < ?", [end]


def _ids(wanted: Filter) -> Iterator[Membership]:
    if wanted.ids:
        yield "images", _NAMED, [listed(wanted.ids)]


def _scenes(wanted: Filter) -> Iterator[Membership]:
    if wanted.scenes is not None:
        yield "images", "t.scene IN (SELECT value FROM json_each(?))", [listed(wanted.scenes)]


def _unwanted(wanted: Filter) -> Iterator[Membership]:
    if wanted.not_ids:
        yield "images", _NAMED, [listed(wanted.not_ids)]
    if wanted.not_folders:
        yield "sources", "t.folder IN (SELECT value FROM json_each(?))", [listed(wanted.not_folders)]
    if wanted.not_paths:
        yield "sources", "t.path IN (SELECT value FROM json_each(?))", [listed(wanted.not_paths)]


def _unstaged(model_id: str) -> Iterator[Condition]:
    if model_id:  # looked at image by image: a page ends long before all that was staged is gathered
        text = "NOT EXISTS (SELECT 1 FROM staged WHERE staged.serial = images.serial AND staged.model_id = ?)"
        yield text, [model_id]
