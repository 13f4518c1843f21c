"""Images whose vectors are equal in half precision: copies, and pictures as good as copies.

A graph takes in one of them: many nodes at one place fill each other's links, and a search that comes there does not
find the way on. Whoever finds the one has found all. A node costs 21 bytes here, and the others of its group more.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike_server.catalog.halves import Halves, halved
from lookalike_server.catalog.vectors import Rows, Serials

_FEW = 1_024  # nodes that are sorted anew with each addition: a tenth of a millisecond
_SHARE = 128  # or one in so many
_SLICE = 1_024  # vectors hashed at once

Hashes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Nodes:
    """What stands in a graph, by serial. The first stands for nobody, so that place 0 and serial 0 can mean "none"."""

    serials: Serials
    hashes: Hashes
    by_hash: NDArray[np.uint32]
    alive: NDArray[np.bool_]

    @classmethod
    def of(cls, serials: Sequence[Serials], hashes: Sequence[Hashes]) -> "_Nodes":
        """Nodes in the order of their serials."""
        names = np.concatenate([np.zeros(1, np.int64), *serials])
        keys = np.concatenate([np.zeros(1, np.int64), *hashes])
        return cls(names, keys, np.argsort(keys).astype(np.uint32), names > 0)

    def with_(self, later: "_Nodes") -> "_Nodes":
        """Those of both that still stand."""
        parts = [(part.serials[part.alive], part.hashes[part.alive]) for part in (self, later)]
        return _Nodes.of([serials for serials, _ in parts], [hashes for _, hashes in parts])

    def places(self, serials: Serials) -> NDArray[np.intp]:
        """Where these stand; 0 where they do not."""
        places = np.searchsorted(self.serials, serials)
        places[places == len(self.serials)] = 0
        return np.where((self.serials[places] == serials) & self.alive[places], places, 0)

    def find(self, hashes: Hashes) -> Serials:
        """Who stands for the vectors of these hashes; 0 where nobody does."""
        order = np.searchsorted(self.hashes, hashes, sorter=self.by_hash)
        order[order == len(self.hashes)] = 0
        places = self.by_hash[order]
        return np.where((self.hashes[places] == hashes) & self.alive[places], self.serials[places], 0)


class Twins:
    """Serials in groups of equal vectors. Any number of threads may ask while one adds or removes."""

    def __init__(self) -> None:
        self._nodes = (_Nodes.of([], []), _Nodes.of([], []))  # most of them, and the latest
        self._members: dict[int, list[int]] = {}  # by node, unless it stands for itself alone
        self._node_of: dict[int, int] = {}  # of those that do not stand for themselves

    def add(self, serials: Serials, vectors: Rows | Halves) -> NDArray[np.bool_]:
        """Takes in new serials, ascending, and tells which of them are to stand in the graph: the first of each vector.

        Many at once are quick: a million in a second or two.
        """
        hashes = _hashes(vectors)
        _, first, group = np.unique(hashes, return_index=True, return_inverse=True)
        known = self._find(hashes[first])
        nodes = np.where(known > 0, known, serials[first])[group]
        stand: NDArray[np.bool_] = nodes == serials
        for serial, node in zip(serials[~stand].tolist(), nodes[~stand].tolist(), strict=True):
            self._members.setdefault(node, [node]).append(serial)
            self._node_of[serial] = node
        self._take_in(_Nodes.of([serials[stand]], [hashes[stand]]))
        return stand

    def remove(self, serials: list[int]) -> list[int]:
        """Takes out those that it holds, and tells which are to leave the graph: those with no group left."""
        alone = [serial for serial in serials if serial not in self._node_of and serial not in self._members]
        left = [node for serial in serials if (node := self._leave(serial))]
        nodes = np.unique(np.array(alone + left, np.int64))
        standing = np.zeros(len(nodes), np.bool_)
        for part in self._nodes:
            places = part.places(nodes)
            part.alive[places] = False
            standing |= places > 0
        gone: list[int] = nodes[standing].tolist()
        return gone

    def of(self, nodes: Serials) -> Serials:
        """All that these stand for, ascending; nothing for those that were removed just now."""
        standing = np.logical_or.reduce([part.places(nodes) > 0 for part in self._nodes])
        nodes = nodes[standing]
        groups = {node: tuple(many) for node in nodes.tolist() if (many := self._members.get(node)) is not None}
        if not groups:
            return np.sort(nodes)
        alone = nodes[~np.isin(nodes, list(groups))]  # a node's own image may be gone
        found: Serials = np.unique(np.concatenate([alone, *(np.array(many, np.int64) for many in groups.values())]))
        return found

    def any_of(self, node: int, admits: Callable[[int], bool]) -> bool:
        """Whether one that `node` stands for is admitted."""
        members = self._members.get(node)
        return admits(node) if members is None else any(map(admits, tuple(members)))

    def nodes(self) -> Serials:
        """What stands in the graph, ascending; nobody may add or remove meanwhile."""
        return np.concatenate([part.serials[part.alive] for part in self._nodes])

    def absent(self) -> dict[int, int]:
        """Nodes whose own image is gone, each with the first that it stands for."""
        return {node: members[0] for node, members in self._members.items() if members[0] != node}

    def _find(self, hashes: Hashes) -> Serials:
        found: Serials = np.maximum.reduce([part.find(hashes) for part in self._nodes])
        return found

    def _take_in(self, new: _Nodes) -> None:
        most, latest = self._nodes[0], self._nodes[1].with_(new)
        if len(latest.serials) > max(_FEW, len(most.serials) // _SHARE):
            most, latest = most.with_(latest), _Nodes.of([], [])
        self._nodes = (most, latest)

    def _leave(self, serial: int) -> int:
        """Takes one out of its group; the node when it was the last, else 0."""
        node = self._node_of.pop(serial, serial)
        members = self._members.get(node, [])
        if serial in members:
            members.remove(serial)
            if not members:
                del self._members[node]
                return node
        return 0


def _hashes(vectors: Rows | Halves) -> Hashes:
    """64 bits for each vector, salted by Python for this process: different vectors do not meet, nor on purpose.

    If two did, one of them would be found with the other only.
    """
    hashes = np.empty(len(vectors), np.int64)
    for start in range(0, len(vectors), _SLICE):
        part: NDArray[Any] = vectors[start : start + _SLICE]
        rows: Halves = halved(part) if part.dtype == np.float32 else part
        data, width = rows.tobytes(), rows.dtype.itemsize * rows.shape[1]
        each = (hash(data[offset : offset + width]) for offset in range(0, len(data), width))
        hashes[start : start + len(rows)] = np.fromiter(each, np.int64, len(rows))
    return hashes
