"""Nouns of the SDK, made up."""

from typing import Any

from lookalike import types

TIMINGS = types.Timings(decode=0.1, queue=0.2, embed=0.3, index=0.4, total=1.0)


def image(**changes: Any) -> types.Image:
    whole: dict[str, Any] = {
        "id": "ab" * 32,
        "collection": "holiday",
        "sources": (types.Source("/a/one.jpg"), types.Source("/b/two.jpg")),
        "labels": {"who": "me"},
        "width": 4,
        "height": 3,
        "size_bytes": 12,
        "format": "PNG",
        "captured": None,
        "created": None,
        "updated": None,
    }
    return types.Image(**{**whole, **changes})
