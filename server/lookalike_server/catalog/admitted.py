"""What filters admit, kept for as long as it is true.

To ask the store for half of 100,000 images takes it a hundred milliseconds, so what it answered is kept, by filter. New
images are looked at one by one when the filter comes again; any other change of the collection ends what is kept. A
search sees every change that was acknowledged before it came: it reads how far the collection has come first, and what
is asked of the store after that is at least as new.

A filter that was never seen costs a sample of the collection. All that it admits is asked for when a plan needs it, or
by the background when the filter comes a second time.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np

from lookalike_server.catalog.indexer import Hungry
from lookalike_server.catalog.patience import Patience
from lookalike_server.catalog.vectors import Rows, Serials

_ROOM = 16 * 2**20  # bytes of serials for one collection
_MOST_FILTERS = 256
_SAMPLE = 256
_RENEWED = 8  # a sample serves until the collection has grown or shrunk by this part of it
_FEW = 1_000  # new images that a search looks at; with more of them all is asked for anew
_SEEN_AGAIN = 2


class Ask(Protocol):
    """`Store.admitted`, for one entry and filter."""

    def __call__(self, *, among: list[int] | None = None) -> Serials:
        """Serials that the filter admits, ascending."""


class Held(Protocol):
    """The vectors of a collection."""

    def __len__(self) -> int: ...

    def serials(self) -> Serials:
        """All of them, ascending."""

    def beyond(self, serial: int, limit: int) -> tuple[Serials, Rows]:
        """The first `limit` with greater serials."""


class _Known(NamedTuple):
    """All that a filter admits of the serials up to `last`."""

    serials: Serials
    last: int


@dataclass(slots=True)
class _Kept:
    """What is known of one filter; each field is replaced as a whole, by whoever knows better."""

    epoch: int
    known: _Known | None = None
    share: float | None = None
    uses: int = 0
    patience: Patience = field(default_factory=Patience)


class Admitted:
    """What the filters that came lately admit of one collection; any thread may ask. `background` takes work."""

    def __init__(self, held: Held, background: Callable[[Hungry], None], room: int = _ROOM) -> None:
        self._held = held
        self._background = background
        self._room = room
        self.last = int(held.serials().max(initial=0))
        """The greatest serial that can be found."""
        self._epoch = 0
        self._sample = np.empty(0, np.int64)
        self._sampled = -1  # vectors when the sample was drawn
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def grew(self, last: int) -> None:
        """New vectors can be found, up to this serial. One thread at a time may tell."""
        self.last = last

    def expire(self) -> None:
        """Something else than that has changed: nothing that is kept may answer a search that begins now."""
        self._epoch += 1

    def of(self, name: str, ask: Ask) -> "Admission":
        """What the filter of this name admits, for one search."""
        epoch = self._epoch  # before the store is asked anything
        with self._lock:
            kept = self._kept.get(name)
            if kept is None or kept.epoch != epoch:
                kept = self._kept[name] = _Kept(epoch)
            self._kept.move_to_end(name)
            while len(self._kept) > _MOST_FILTERS:
                self._kept.popitem(last=False)
            kept.uses += 1
        admission = Admission(self, kept, ask)
        if kept.uses == _SEEN_AGAIN and kept.known is None:
            self._background(_Fetching(admission))
        return admission

    def _up_to_date(self, kept: _Kept, ask: Ask) -> _Known | None:
        """What is known, with what has come since."""
        last, known = self.last, kept.known
        if known is None or known.last >= last:
            return known
        fresh = self._held.beyond(known.last, _FEW + 1)[0]
        if len(fresh) > _FEW:
            kept.known, kept.uses = None, _SEEN_AGAIN
            return None
        fresh = fresh[fresh <= last]
        admitted = ask(among=fresh.tolist()) if len(fresh) else fresh
        kept.known = _Known(np.concatenate([known.serials, admitted]), last)
        return kept.known

    def _fetched(self, kept: _Kept, ask: Ask) -> _Known:
        last = self.last  # the store may tell more, and what it tells of what is beyond is not all
        serials = ask()
        kept.known = _Known(serials[: np.searchsorted(serials, last, side="right")], last)
        self._make_room()
        return kept.known

    def _make_room(self) -> None:
        with self._lock:
            sizes = {name: kept.known.serials.nbytes for name, kept in self._kept.items() if kept.known is not None}
            total = sum(sizes.values())
            for name, size in sizes.items():  # from the one that was not used for longest
                if total <= self._room:
                    break
                del self._kept[name]
                total -= size

    def _estimated(self, ask: Ask) -> float:
        """Share of the images that a filter admits, judged by a sample of all ages."""
        count = len(self._held)
        if abs(count - self._sampled) > self._sampled // _RENEWED:
            serials = self._held.serials()
            # By lot, as every n-th image may have something in common; always the same lot, so that answers repeat.
            places = np.random.default_rng(0).integers(0, max(1, len(serials)), min(_SAMPLE, len(serials)))
            self._sample, self._sampled = np.unique(serials[places]), count
        sample = self._sample
        return len(ask(among=sample.tolist())) / max(1, len(sample))


class Admission:
    """Which images a filter admits, as one search sees it."""

    def __init__(self, admitted: Admitted, kept: _Kept, ask: Ask) -> None:
        self._admitted, self._kept, self._ask = admitted, kept, ask
        self._known = admitted._up_to_date(kept, ask)
        self.patience = kept.patience
        """What became of earlier searches with this filter."""

    @property
    def is_known(self) -> bool:
        """Whether all that it admits is at hand."""
        return self._known is not None

    def share(self) -> float:
        """Share of the images that it admits; by a sample until all are known."""
        if self._known is not None:
            return min(1.0, len(self._known.serials) / max(1, len(self._admitted._held)))
        if self._kept.share is None:
            self._kept.share = self._admitted._estimated(self._ask)
        return self._kept.share

    def all(self) -> Serials:
        """All that it admits, ascending."""
        if self._known is None:
            self._known = self._admitted._fetched(self._kept, self._ask)
        return self._known.serials

    def among(self, serials: Serials) -> Serials:
        """Those of `serials`, ascending, that it admits, ascending."""
        if self._known is None:
            return self._ask(among=serials.tolist())
        places = np.searchsorted(self._known.serials, serials)
        inside = places < len(self._known.serials)
        places, serials = places[inside], serials[inside]
        found: Serials = serials[self._known.serials[places] == serials]
        return found

    def test(self) -> Callable[[int], bool]:
        """Tells of a serial whether it is admitted."""
        serials = self.all()
        flags = np.zeros(int(serials.max(initial=0)) + 1, np.bool_)
        flags[serials] = True
        table = flags.tobytes()
        return lambda serial: serial < len(table) and table[serial] == 1


@dataclass(frozen=True, slots=True, eq=False)
class _Fetching:
    """Work for the background: to ask for all that a filter admits."""

    admission: Admission

    def advance(self) -> bool:
        """Asks for it."""
        self.admission.all()
        return False
