"""From what the SDK found to cards: one picture each, with what is said of it.

Enters: the SDK's nouns. Leaves: cards in rows; no picture is read here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import PurePath

from lookalike import pictures, types
from lookalike.originals import GONE, local_file, short_name
from lookalike.pictures import Picture
from lookalike.showing.words import heading, in_words

MAX_QUERY_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Card:
    """One picture and what is said of it; `missing` stands in the place of a picture that there is not."""

    heading: str
    name: str
    details: tuple[str, ...] = ()
    hint: str = ""
    """What is said where there is more room: every place where it was seen."""
    picture: PurePath | str | bytes | None = None
    missing: str = GONE
    region: types.Region | None = None
    is_query: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """Cards that belong together."""

    title: str
    cards: Sequence[Card]


KINDS = (
    types.Match,
    types.Image,
    types.ExactDuplicates,
    types.DuplicateProgress,
    types.DuplicateGroup,
    types.DuplicateSummary,
)
"""What can be shown by itself."""


def rows(items: Iterable[object], limit: int) -> list[Row]:
    """A row for all matches and images, one for each group of duplicates with the first `limit` of it.

    Raises TypeError for anything else.
    """
    single: list[Card] = []
    groups: list[Row] = []
    for item in items:
        match item:
            case types.Match():
                single.append(of_match(item))
            case types.Image():
                single.append(of_image(item))
            case types.DuplicateGroup():
                groups.append(of_group(item, limit))
            case types.ExactDuplicates():
                groups.append(of_exact(item))
            case types.DuplicateSummary():
                pass
            case _:
                raise TypeError(f"matches, images and duplicates can be shown, not {type(item).__name__}")
    return [*([Row("", single)] if single else []), *groups]


def of_image(image: types.Image, said: str = "") -> Card:
    """What is known of an image: its scene, labels and size."""
    labels = tuple(f"{key}={value}" for key, value in sorted(image.labels.items()))
    pixels = (f"{image.width} x {image.height}",) if image.width else ()
    picture, missing = local_file(image)
    hint = "\n".join([*(source.path for source in image.sources), f"id:{image.id}"])
    details = (*filter(None, [in_words(image.scenes[:1])]), *labels, *pixels)
    return Card(said, short_name(image), details, hint, picture, missing)


def of_match(match: types.Match) -> Card:
    """A match with its rank and distance."""
    return of_image(match.image, heading(match))


def of_group(group: types.DuplicateGroup, limit: int) -> Row:
    """Near-duplicates, each with its distance from the first."""
    said = ["the first", *(f"{distance:.4f}" for distance in group.distances[1:])]
    cards = [of_image(image, each) for image, each in zip(group.images[:limit], said, strict=False)]
    more = f" · the first {limit:,}" if group.image_count > limit else ""
    return Row(f"{group.image_count:,} alike{more}", cards)


def of_exact(exact: types.ExactDuplicates) -> Row:
    """One image that lies at several places."""
    return Row(f"the same bytes at {len(exact.paths):,} places", [replace(of_image(exact.image), details=exact.paths)])


def of_query(query: types.Query, region: types.Region | None = None) -> list[Card]:
    """What was looked for, a card each: pictures, stored images, vectors; of examples all."""
    if isinstance(query, types.Examples):
        parts = [("more like", query.positives), ("less like", query.negatives)]
        return list(chain.from_iterable([_of_one(one, said) for one in ones] for said, ones in parts))
    return [replace(_of_one(query, "query"), region=region)]


def _of_one(one: types.One, said: str) -> Card:
    match one:
        case types.Match():
            card = of_image(one.image, said)
        case types.Image():
            card = of_image(one, said)
        case types.StoredImage():
            card = Card(said, f"id:{one.id}", missing="a stored image")
        case _ if pictures.is_picture(one):
            card = _of_picture(one, said)
        case _:
            card = Card(said, "a vector", missing="a vector")
    return replace(card, is_query=True)


def _of_picture(picture: Picture, said: str) -> Card:
    if path := pictures.location(picture):
        return Card(said, "/".join(PurePath(path).parts[-2:]), hint=path, picture=path, missing="cannot be read here")
    return Card(said, "a picture", picture=pictures.content(picture, MAX_QUERY_BYTES), missing="cannot be read here")
