"""Blots vectors out of a file that hnswlib wrote: what was deleted must not lie on in a snapshot.

hnswlib keeps removed nodes, vectors and all, because paths through the graph lead over them. Their links stay; their
vectors become zeros, at the same middling distance from every query.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

_HEADER_BYTES = 96
_HEADER_FIELDS = 6  # offset of level 0, room, count, bytes of a node, offset of its label, offset of its vector


def scrub(path: Path, dim: int, labels: Sequence[int]) -> None:
    """Overwrites the vectors of these labels in the file; OSError when it is not laid out as hnswlib 0.8 does."""
    if not labels:
        return
    _, _, count, size, at_label, at_vector = (int(n) for n in np.fromfile(path, "<u8", _HEADER_FIELDS))
    if at_label - at_vector != 4 * dim or at_label + 8 != size:
        raise OSError(f"{path} has a layout that vectors cannot be removed from")
    nodes = np.memmap(path, np.uint8, "r+", _HEADER_BYTES, (count, size))
    held = np.ascontiguousarray(nodes[:, at_label:]).view("<i8")[:, 0]
    gone = np.flatnonzero(np.isin(held, labels))
    if len(gone) != len(labels):
        raise OSError(f"{path} holds {len(gone)} of {len(labels)} nodes to blot out")
    nodes[gone, at_vector:at_label] = 0
    nodes.flush()
