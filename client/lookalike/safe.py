"""Text from outside made safe to show: a path or a label may hold anything, terminal commands and HTML included."""

import html
import json

_TAGS = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def printable(text: str) -> str:
    """Put a mark in place of what would steer a terminal, turn a line's direction or cannot be encoded."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def escaped(text: str) -> str:
    """The text for HTML, in an element or in a quoted attribute."""
    return html.escape(printable(text))


def inline_json(value: object) -> str:
    """JSON in ASCII that can stand within a `<script>` element: nothing in it ends the element or begins another."""
    return json.dumps(value, separators=(",", ":")).translate(_TAGS)
