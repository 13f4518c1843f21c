"""A message with a picture, serialised without taking the picture through protobuf, which would copy it three times.

Serialised messages that are joined are one message (protobuf's encoding guide, "last one wins"): so the picture's field
stands behind the others.
"""

from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

_BYTES = 2
"""The wire type of a field of bytes."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A request whose picture travels beside it; `field` is the picture's field in the request."""

    request: Any
    field: str
    content: bytes

    def serialised(self) -> bytes:
        """As the server reads it: one message."""
        number = self.request.DESCRIPTOR.fields_by_name[self.field].number
        head = _varint(number << 3 | _BYTES) + _varint(len(self.content))
        return b"".join((self.request.SerializeToString(), head, self.content))

    def ByteSize(self) -> int:  # noqa: N802 - as messages have it
        """About so many bytes."""
        return len(self.content)


def serialised(request: Message | Parcel) -> bytes:
    """What goes over the wire."""
    return request.serialised() if isinstance(request, Parcel) else request.SerializeToString()


def _varint(number: int) -> bytes:
    """Seven bits a byte, lowest first; the top bit says that more follow."""
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*parts, number))
