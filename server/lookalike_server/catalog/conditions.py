"""A filter as SQL, in two forms. Every value travels as a parameter.

`gathered` finds all that a filter admits: each condition is a walk through an index that gives serials, and SQLite
merges the walks (INTERSECT, UNION, EXCEPT), which takes a third of looking every candidate up. `judged` looks at images
that are known already, each by its own rows.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from sys import maxunicode

from lookalike_server.records import Box, Filter

Condition = tuple[str, list[object]]
"""SQL text and its parameters. The texts are made of constants."""

_NAMED = "t.sha256 IN (SELECT id_bytes(value) FROM json_each(?))"

Membership = tuple[str, str, list[object]]
"""A table that names images, the condition on its rows `t`, and that one's parameters."""


def gathered(collection: int, wanted: Filter, *, after: int) -> Condition:
    """The query for the images of a collection that a filter admits: serials beyond `after`, each once."""
    steps = _Gathering(collection, after, [])
    last = steps.serials(wanted)
    if not steps.named:
        return last
    # One after the other: SQLite's parser has no room for eight queries one within the other.
    text, values = _joined(
        ", ", ((f"f{number}(serial) AS ({each[0]})", each[1]) for number, each in enumerate(steps.named))
    )
    return _joined(" ", [(f"WITH {text}", values), last])


def judged(wanted: Filter) -> Condition:
    """The condition that holds for a row of `images` that a filter admits."""
    parts = [
        *(_borne(one) for one in _memberships(wanted)),
        *(_negated(_borne(one)) for one in _unwanted(wanted)),
        *(_enclosed(judged(each)) for each in wanted.all_of),
        *(_negated(_enclosed(judged(each))) for each in wanted.none_of),
        *_unstaged("images.serial", wanted.not_embedded_by),
    ]
    if wanted.any_of:
        parts.append(_enclosed(_joined(" OR ", (_enclosed(judged(each)) for each in wanted.any_of))))
    return _joined(" AND ", parts) if parts else ("TRUE", [])


def listed(values: Iterable[object]) -> str:
    """Values as the one parameter that `json_each(?)` unfolds: any number of them fits."""
    return json.dumps(list(values))


@dataclass(frozen=True)
class _Gathering:
    """Queries for serials of one collection, beyond `after`; those of inner filters get the names f0, f1, ..."""

    collection: int
    after: int
    named: list[Condition]

    def serials(self, wanted: Filter) -> Condition:
        """What a filter admits."""
        # Operators of one rank: SQLite takes them from left to right, so the only UNION comes first.
        either = [_joined(" UNION ", map(self._inner, wanted.any_of))] if wanted.any_of else []
        admitted = [*either, *map(self._walk, _memberships(wanted)), *map(self._inner, wanted.all_of)]
        refused = [*map(self._walk, _unwanted(wanted)), *map(self._inner, wanted.none_of)]
        found = _joined(" EXCEPT ", [_joined(" INTERSECT ", admitted or [self._all()]), *refused])
        for condition, values in _unstaged("t.serial", wanted.not_embedded_by):
            found = f"SELECT serial FROM ({found[0]}) AS t WHERE {condition}", [*found[1], *values]  # noqa: S608
        return found

    def _all(self) -> Condition:
        return "SELECT serial FROM images WHERE collection = ? AND serial > ?", [self.collection, self.after]

    def _walk(self, membership: Membership) -> Condition:
        table, condition, values = membership
        # Labels lie in the order of serials. For what does not, a plus keeps SQLite from walking by serial instead.
        serial = "t.serial" if table == "labels" else "+t.serial"
        once = "DISTINCT" if table == "sources" else "ALL"
        return (
            f"SELECT {once} {serial} AS serial FROM {table} AS t"  # noqa: S608
            f" WHERE t.collection = ? AND {serial} > ? AND {condition}",
            [self.collection, self.after, *values],
        )

    def _inner(self, wanted: Filter) -> Condition:
        self.named.append(self.serials(wanted))
        return f"SELECT serial FROM f{len(self.named) - 1}", []  # noqa: S608


def _borne(membership: Membership) -> Condition:
    table, condition, values = membership
    # An image has few sources: with the plus SQLite looks through them, not for each of 10,000 paths among them.
    plus = "+" if table == "sources" else ""
    # Without the collection, which would tempt SQLite to search its index instead of the image's rows.
    return f"EXISTS (SELECT 1 FROM {table} AS t WHERE t.serial = images.serial AND {plus}{condition})", values  # noqa: S608


def _joined(word: str, parts: Iterable[Condition]) -> Condition:
    texts, values = zip(*parts, strict=True)
    return word.join(texts), [value for some in values for value in some]


def _enclosed(condition: Condition) -> Condition:
    return f"({condition[0]})", condition[1]


def _negated(condition: Condition) -> Condition:
    return f"NOT {condition[0]}", condition[1]


def _memberships(wanted: Filter) -> Iterator[Membership]:
    yield from _labels(wanted)
    yield from _path(wanted.path_prefix)
    yield from _captured(wanted)
    if wanted.ids:
        yield "images", _NAMED, [listed(wanted.ids)]
    if wanted.scenes is not None:
        yield "images", "t.scene IN (SELECT value FROM json_each(?))", [listed(wanted.scenes)]
    if wanted.paths:
        yield "sources", "t.path IN (SELECT value FROM json_each(?))", [listed(wanted.paths)]
    if wanted.box is not None:
        yield "images", *_within(wanted.box)


def _labels(wanted: Filter) -> Iterator[Membership]:
    for key, value in wanted.labels.items():
        yield "labels", "t.key = ? AND t.value = ?", [key, value]


def _path(prefix: str) -> Iterator[Membership]:
    # A stretch of the index on paths: LIKE and GLOB would read % _ * ? [ in the prefix as wildcards.
    end = beyond(prefix)
    if end is not None:
        yield "sources", "t.path >= ? AND t.path < ?", [prefix, end]
    elif prefix:
        yield "sources", "t.path >= ?", [prefix]


def beyond(prefix: str) -> str | None:
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


def _within(box: Box) -> Condition:
    meridians = "t.longitude >= ? OR t.longitude <= ?" if box.west > box.east else "t.longitude BETWEEN ? AND ?"
    if {box.west, box.east} & {-180, 180}:  # two numbers for one meridian
        meridians += " OR abs(t.longitude) = 180"
    # A pole lies on every meridian.
    text = f"t.latitude BETWEEN ? AND ? AND ({meridians} OR abs(t.latitude) = 90)"
    return text, [box.south, box.north, box.west, box.east]


def _unwanted(wanted: Filter) -> Iterator[Membership]:
    if wanted.not_ids:
        yield "images", _NAMED, [listed(wanted.not_ids)]
    if wanted.not_folders:
        yield "sources", "t.folder IN (SELECT value FROM json_each(?))", [listed(wanted.not_folders)]
    if wanted.not_paths:
        yield "sources", "t.path IN (SELECT value FROM json_each(?))", [listed(wanted.not_paths)]


def _unstaged(serial: str, model_id: str) -> Iterator[Condition]:
    if model_id:  # looked at image by image: a page ends long before all that was staged is gathered
        yield f"NOT EXISTS (SELECT 1 FROM staged WHERE staged.serial = {serial} AND staged.model_id = ?)", [model_id]  # noqa: S608
