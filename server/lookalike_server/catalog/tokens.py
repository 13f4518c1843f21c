"""Page tokens: where the next page begins, bound to the listing that it belongs to; opaque to clients."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields

from lookalike_server.catalog.store import Seen
from lookalike_server.errors import BadPageToken
from lookalike_server.records import Box, Filter

_MAX_BYTES = 1_024  # twice the longest that is given out of names and serials
_MAX_SOURCE_BYTES = 66_000  # likewise of paths: JSON has up to 6 bytes for a character, Base64 4 for 3 of those
_FORGED = "this page_token was not given out by this server: begin with an empty one"


def scope(listing: str, wanted: Filter | None = None) -> str:
    """Names a listing: the same text for the same listing and filter only."""
    text = json.dumps([listing, _plain(wanted)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def token(listing: str, after: str) -> str:
    """The token of the page beyond `after`, in the listing that `scope` named."""
    return base64.urlsafe_b64encode(json.dumps([listing, after], ensure_ascii=False).encode()).decode()


def position(page_token: str, listing: str, most: int = _MAX_BYTES) -> str:
    """Where the page begins; empty for an empty token. BadPageToken for any that was not given out for this listing."""
    if not page_token:
        return ""
    if len(page_token) > most:
        raise BadPageToken(_FORGED)
    try:
        named, after = json.loads(base64.b64decode(page_token.encode("ascii"), altchars=b"-_", validate=True))
        str(after).encode()  # half of a surrogate pair cannot be asked for
    except (ValueError, TypeError, RecursionError) as error:
        raise BadPageToken(_FORGED) from error
    if named != listing or not isinstance(after, str):
        raise BadPageToken("this page_token belongs to another collection or filter: begin with an empty one")
    return after


def serial_position(page_token: str, listing: str) -> int:
    """Where a page of images begins, as a serial."""
    return _serial(position(page_token, listing) or "0")


def source_token(listing: str, seen: Seen) -> str:
    """The token of the page of sources beyond this one."""
    return token(listing, f"{seen.serial} {seen.sighting.source.path}")


def source_position(page_token: str, listing: str, prefix: str) -> tuple[str, int]:
    """Where a page of sources begins, whose paths begin with `prefix`: beyond a path and a serial."""
    if not page_token:
        return prefix, 0
    serial, _, path = position(page_token, listing, _MAX_SOURCE_BYTES).partition(" ")
    if not path.startswith(prefix):
        raise BadPageToken(_FORGED)
    return path, _serial(serial)


def _serial(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise BadPageToken(_FORGED)
    return int(text)


def _plain(value: object) -> object:
    if isinstance(value, Filter | Box):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return dict(value) if isinstance(value, Mapping) else value
