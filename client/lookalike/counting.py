"""How many of what, for people: "1 image", "2,400 images"."""

_PLURALS = {"query": "queries", "match": "matches"}
"""Of nouns that take more than an s."""


def counted(count: int, noun: str) -> str:
    """The number with its noun, which is given as for one."""
    return f"{count:,} {noun if count == 1 else _PLURALS.get(noun, f'{noun}s')}"
