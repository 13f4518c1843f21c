"""One pass through a compressed archive, kept where it stands while its members are read one after the other.

Such an archive can only be unpacked from its start. Re-embedding asks for its pictures nearly in their order: so one
pass serves them all, and what was passed lately is remembered for those that come a little late.
"""

from collections import OrderedDict
from collections.abc import Iterator

from lookalike._taking import held_bytes
from lookalike.containers.member import Member

HELD = 64 << 20
"""Bytes of passed members that are remembered."""


class Passage:
    """A pass over members, by their source paths."""

    def __init__(self, members: Iterator[Member]) -> None:
        self._rest = members
        self._passed: OrderedDict[str, Member] = OrderedDict()
        self._held = 0

    def find(self, path: str) -> Member | None:
        """The member of this path; None where it does not follow, and was not passed lately."""
        if path in self._passed:
            return self._passed[path]
        for member in self._rest:
            self._remember(member)
            if member.path == path:
                return member
        return None

    def _remember(self, member: Member) -> None:
        self._passed[member.path] = member
        self._held += held_bytes(member)
        while self._held > HELD:
            _, oldest = self._passed.popitem(last=False)
            self._held -= held_bytes(oldest)
