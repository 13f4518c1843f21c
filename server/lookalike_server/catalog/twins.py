"""Images whose vectors are equal, bit for bit.

A graph takes in one of them: many nodes at one place fill each other's links, and a search that comes there does not
find the way on. Whoever finds the one has found all.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lookalike_server.catalog.vectors import Rows, Serials


@dataclass(slots=True)
class _Group:
    key: int
    node: int
    """The serial that stands for the group in the graph, even once its own image is gone."""
    members: list[int] = field(default_factory=list)


class Twins:
    """Serials in groups of equal vectors. Any number of threads may ask while one adds or removes."""

    def __init__(self) -> None:
        self._by_vector: dict[int, _Group] = {}
        self._by_serial: dict[int, _Group] = {}  # of members and nodes

    def add(self, serials: Serials, vectors: Rows) -> NDArray[np.bool_]:
        """Takes in new serials, and tells which of them are to stand in the graph: the first of each vector."""
        for serial, vector in zip(serials.tolist(), vectors, strict=True):
            key = hash(vector.tobytes())  # 64 bits, salted: different vectors do not meet
            group = self._by_vector.setdefault(key, _Group(key, serial))
            group.members.append(serial)
            self._by_serial[serial] = group
        return np.isin(serials, [self._by_serial[serial].node for serial in serials.tolist()])

    def remove(self, serials: list[int]) -> list[int]:
        """Takes out those that it holds, and tells which are to leave the graph: those with no group left."""
        left = []
        for serial in serials:
            group = self._by_serial.get(serial)
            if group is None or serial not in group.members:
                continue
            group.members.remove(serial)
            if serial != group.node:
                del self._by_serial[serial]
            if not group.members:
                del self._by_vector[group.key], self._by_serial[group.node]
                left.append(group.node)
        return left

    def of(self, nodes: Serials) -> Serials:
        """All that these stand for, ascending."""
        groups = [self._by_serial.get(node) for node in nodes.tolist()]  # None: it was removed just now
        members = [serial for group in groups if group for serial in tuple(group.members)]
        return np.unique(np.array(members, dtype=np.int64))

    def nodes(self) -> Serials:
        """What stands in the graph, ascending; nobody may add or remove meanwhile."""
        return np.sort(np.fromiter((group.node for group in self._by_vector.values()), np.int64))
