"""What a search starts from and which images it may find."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

from lookalike.errors import BadFilter

if TYPE_CHECKING:
    from lookalike.pictures import Picture
    from lookalike.types import Embedding, Image, Match, Vector


KILOMETRES = math.radians(6_371.0088)
"""Of one degree on a ball of the Earth's mean radius."""


@dataclass(frozen=True, slots=True)
class Region:
    """A box in a picture as fractions of its width and height, origin at the top left, after orientation."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class GeoBox:
    """A stretch of the Earth between two parallels and two meridians in degrees (WGS 84), edges included.

    North and east are positive. Where `west` is greater than `east` it crosses the 180th meridian.
    """

    south: float
    west: float
    north: float
    east: float

    @classmethod
    def around(cls, latitude: float, longitude: float, kilometres: float) -> "GeoBox":
        """The box around all that lies so near to a place, on a ball of the Earth's size; its corners are farther.

        Raises BadFilter for what is no place on the Earth, and for a distance below zero.
        """
        _check_place(latitude, longitude, kilometres)
        angle = kilometres / KILOMETRES
        south, north = max(latitude - angle, -90.0), min(latitude + angle, 90.0)
        if south == -90 or north == 90:  # a pole lies within, and with it every meridian
            return cls(south, -180, north, 180)
        share = math.sin(math.radians(angle)) / math.cos(math.radians(latitude))
        across = math.degrees(math.asin(max(min(share, 1.0), -1.0)))
        west, east = ((longitude + side + 180) % 360 - 180 for side in (-across, across))
        return cls(south, west, north, east)


def _check_place(latitude: float, longitude: float, kilometres: float) -> None:
    """Refuse it in the words it was given in: a box made of it would be refused for numbers that nobody wrote."""
    for name, given, most in (("latitude", latitude, 90), ("longitude", longitude, 180)):
        if not -most <= given <= most:  # a NaN is refused, too
            raise BadFilter(f"a {name} runs from -{most} to {most} degrees; {given} does not")
    if not kilometres >= 0:
        raise BadFilter(f"a distance is 0 kilometres or more, not {kilometres}")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which images may match. All conditions hold together; the default admits every image.

    An image bears each of `labels` with exactly its value, one of its sources begins with `path_prefix`, it was
    captured in the half-open stretch of time, and its id is among `image_ids` unless that is empty. `not_same_folder`
    admits none from the folder of the query: of its path, or of any source of the stored image that it names;
    `not_same_source` admits none from exactly that path. The most likely scene is among `scenes` unless that is empty
    ("" stands for an image of which none is known), and with `same_scene` it is the query's, a picture's or a stored
    image's. A classifier errs: `ScenePreference` ranks scenes first and loses nothing. It was taken within `box`, and
    one of its sources is exactly one of `source_paths` unless that is empty.

    Filters combine: every one of `all_of` admits the image, at least one of `any_of` unless that is empty, and none of
    `none_of`; or in short `a & b`, `a | b`, `~a`. At most 8 levels deep and 64 filters in all; `not_same_folder`,
    `not_same_source` and `same_scene` only at the top.
    """

    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    path_prefix: str = ""
    captured_from: datetime | None = None
    captured_before: datetime | None = None
    image_ids: Sequence[str] = ()
    not_image_ids: Sequence[str] = ()
    not_same_folder: bool = False
    scenes: Sequence[str] = ()
    same_scene: bool = False
    not_same_source: bool = False
    box: GeoBox | None = None
    source_paths: Sequence[str] = ()
    all_of: "Sequence[Filter]" = ()
    any_of: "Sequence[Filter]" = ()
    none_of: "Sequence[Filter]" = ()

    def __and__(self, other: "Filter") -> "Filter":
        """What both admit; `a & b & c` is one filter of three. Conditions relative to the query stay at the top."""
        halves = (_absolute(each) for each in (self, other))
        both = chain.from_iterable(_parts(each, each.all_of, Filter(all_of=each.all_of)) for each in halves)
        return Filter(
            not_same_folder=self.not_same_folder or other.not_same_folder,
            not_same_source=self.not_same_source or other.not_same_source,
            same_scene=self.same_scene or other.same_scene,
            all_of=tuple(part for part in both if part != Filter()),
        )

    def __or__(self, other: "Filter") -> "Filter":
        """What either admits; `a | b | c` is one filter of three."""
        either = (_parts(each, each.any_of, Filter(any_of=each.any_of)) for each in (self, other))
        return Filter(any_of=tuple(chain.from_iterable(either)))

    def __invert__(self) -> "Filter":
        """What this one does not admit."""
        return Filter(none_of=(self,))


def _absolute(whole: Filter) -> Filter:
    """Without what is relative to the query."""
    return replace(whole, not_same_folder=False, not_same_source=False, same_scene=False)


def _parts(whole: Filter, parts: Sequence[Filter], bare: Filter) -> tuple[Filter, ...]:
    """The filters that one consists of where it is but a list of them, as `bare` is; else it is one itself."""
    return tuple(parts) if parts and whole == bare else (whole,)


@dataclass(frozen=True, slots=True)
class ScenePreference:
    """Ranks images of some scenes higher and leaves none out.

    The order is that of distance + `weight` * (1 - agreement), where agreement, 0 to 1, is the probability that the
    image shows one of `scenes`, or with `same_as_query` what the query shows: a picture or a stored image. `weight` is
    what full disagreement costs, in units of distance, 0 to 2.
    """

    scenes: Sequence[str] = ()
    same_as_query: bool = False
    weight: float = 0.1


class Consistency(StrEnum):
    """What a search must have seen."""

    STRONG = "strong"
    """Every change that was acknowledged, to anyone, before the search arrived."""
    EVENTUAL = "eventual"
    """It may miss images that the index has not taken in yet: a shorter way while a large import is under way."""


@dataclass(frozen=True, slots=True)
class StoredImage:
    """A query: an image that the searched collection holds. It is left out of its own matches."""

    id: str


One: TypeAlias = "Picture | StoredImage | Image | Match | Embedding | Vector | Sequence[float]"
"""One thing to look for: a picture, a stored image (by id, record or match), or a vector of shape [dim]."""


@dataclass(frozen=True, slots=True)
class Examples:
    """A query: more like the positives, less like the negatives; at least 1 positive, at most 32 in all."""

    positives: "Sequence[One]"
    negatives: "Sequence[One]" = ()


Query: TypeAlias = "One | Examples"
