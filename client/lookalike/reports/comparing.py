"""What became of a list of matches: the same, or what came, went and moved.

The network computes a picture in whatever batch it comes, so that the last digits of a distance may differ from one
search to the next: distances that differ by less than `NEAR` are the same, and so near to each other two may swap.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from lookalike.reports.document import Terms
from lookalike.types import Image, Match, ScenePreference, SearchResult

NEAR = 1e-5


class Kind(StrEnum):
    """What became of one match."""

    NEW = "new"
    GONE = "gone"
    MOVED = "moved"
    """Its rank is another."""
    CHANGED = "changed"
    """Its distance is another."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an image stands in a list: at a rank, or with `group_distance` among those `similar` to that rank's."""

    image: Image
    rank: int
    similar: bool
    distance: float
    value: float
    """What ranks it: the distance, and what its scene costs where scenes are preferred."""


@dataclass(frozen=True, slots=True)
class Change:
    """One match before and now."""

    kind: Kind
    before: Place | None
    now: Place | None

    @property
    def image(self) -> Image:
        """Whose it is."""
        place = self.now or self.before
        assert place is not None  # noqa: S101 - a change has at least one side
        return place.image


def compare(before: SearchResult, now: SearchResult, terms: Terms) -> list[Change]:
    """What differs between two answers to the same question; nothing where they are the same list."""
    old, new = _places(before, terms.prefer), _places(now, terms.prefer)
    was, stands = ({place.image.id: at for at, place in enumerate(each)} for each in (old, new))
    swapped = _swapped_at_the_end(old, new, terms.limit) if before.generation == now.generation else frozenset()
    changes = [
        *(Change(Kind.NEW, None, each) for each in new if each.image.id not in was),
        *(Change(Kind.GONE, each, None) for each in old if each.image.id not in stands),
    ]
    kept = [each for each in changes if each.image.id not in swapped]
    common = [(was[image_id], stands[image_id]) for image_id in was if image_id in stands]
    return kept + [change for at in common for change in _change(old, new, *at)]


def _places(result: SearchResult, prefer: ScenePreference | None) -> list[Place]:
    weight = prefer.weight if prefer else 0.0
    return [place for match in result.matches for place in _with_similar(match, weight)]


def _with_similar(match: Match, weight: float) -> Iterator[Place]:
    for each in (match, *match.similar):
        cost = 0.0 if each.scene_agreement is None else weight * (1 - each.scene_agreement)
        yield Place(each.image, match.rank, each is not match, each.distance, each.distance + cost)


def _change(old: Sequence[Place], new: Sequence[Place], was: int, stands: int) -> Iterator[Change]:
    before, now = old[was], new[stands]
    if abs(before.distance - now.distance) > NEAR:
        yield Change(Kind.CHANGED, before, now)
    elif (before.rank, before.similar) != (now.rank, now.similar) and not _tied(old, was, stands):
        yield Change(Kind.MOVED, before, now)


def _tied(places: Sequence[Place], one: int, other: int) -> bool:
    """Whether two places of a list might as well be swapped."""
    return one != other < len(places) and abs(places[one].value - places[other].value) <= NEAR


def _swapped_at_the_end(old: Sequence[Place], new: Sequence[Place], limit: int) -> frozenset[str]:
    """Images that are as near as the last match of a full list, where chance decides which of them is in it."""
    if not old or not new or old[-1].rank != limit or new[-1].rank != limit:
        return frozenset()
    return frozenset(
        place.image.id for each in (old, new) for place in each if abs(place.value - each[-1].value) <= NEAR
    )
