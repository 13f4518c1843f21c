"""`show`: what the SDK found, as a notebook displays it: thumbnails with rank, distance, scene and labels.

    from lookalike import Client, show

    with Client("localhost:50051") as looks:
        show(looks.search("query.jpg", collection="holiday"), query="query.jpg")

Enters: an answer, images or duplicates. Leaves: an object that Jupyter shows as HTML, a terminal as lines. Thumbnails
are made of the files on this machine, with Pillow (`lookalike[cli]`); in the place of what is not here stands why.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from lookalike import types
from lookalike.safe import printable
from lookalike.showing import cards, page
from lookalike.showing.cards import Row
from lookalike.showing.words import standing, summarised

One: TypeAlias = types.Match | types.Image | types.DuplicateFinding
Shown: TypeAlias = One | Iterable[One]


@dataclass(frozen=True, slots=True, repr=False)
class Showing:
    """Something to look at: HTML in a notebook, lines of text elsewhere."""

    html: str
    text: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text


def show(
    found: Shown,
    *,
    query: "types.Query | None" = None,
    region: types.Region | None = None,
    thumbnails: bool = True,
    blurred: bool = False,
    size: int = 160,
    limit: int = 100,
) -> Showing:
    """Show a search's result, matches, images, or what `Client.duplicates` found.

    The first `limit` are shown, and of each group as many. `query` is what was searched for, `region` the part of it
    that was looked at: it comes first. `size` is that of a thumbnail, in pixels; `blurred` ones are clear where the
    pointer is. Nothing is fetched, and the HTML holds no script. Raises TypeError for what cannot be shown.
    """
    items = (each for each in _each(found) if not isinstance(each, types.DuplicateProgress))
    first = list(islice(items, limit + 1))
    rows = cards.rows(first[:limit], limit)
    if query is not None:
        asked = cards.of_query(query, region)
        rows = [Row(rows[0].title, [*asked, *rows[0].cards]), *rows[1:]] if rows else [Row("", asked)]
    title = _title(found, len(first), limit)
    notes = [standing(found)] if isinstance(found, types.SearchResult) else []
    notes += [summarised(each) for each in first if isinstance(each, types.DuplicateSummary)]
    html = page.html(title, notes, rows, page.Look(size, thumbnails, blurred))
    return Showing(html, _text(title, notes, rows))


def _each(found: Shown) -> Iterable[One]:
    return [found] if isinstance(found, cards.KINDS) else found


def _title(found: Shown, count: int, limit: int) -> str:
    """Say how many there are; of an iterator nobody knows."""
    if isinstance(found, types.SearchResult) and not found:
        return "Nothing matches."
    more = f"The first {limit:,}" if count > limit else ""
    alike = f"{len(found):,} most alike" if isinstance(found, types.SearchResult) else ""
    return ". ".join(filter(None, [alike, more]))


def _text(title: str, notes: Iterable[str], rows: Iterable[Row]) -> str:
    """The same without pictures."""
    lines = [title]
    for row in rows:
        lines += [row.title]
        lines += ["  ".join([card.heading, card.name, *card.details]) for card in row.cards]
    return "\n".join(printable(line) for line in [*lines, *notes] if line.strip())
