"""Page tokens: where the next page begins, bound to the listing that it belongs to; opaque to clients."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields

from lookalike_server.errors import BadPageToken
from lookalike_server.records import Box, Filter

_MAX_BYTES = 1_024  # twice the longest that is given out
_FORGED = "this page_token was not given out by this server: begin with an empty one"


def scope(listing: str, wanted: Filter | None = None) -> str:
    """Names a listing: the same text for the same listing and filter only."""
    text = json.dumps([listing, _plain(wanted)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def token(listing: str, after: str) -> str:
    """The token of the page beyond `after`, in the listing that `scope` named."""
    return base64.urlsafe_b64encode(json.dumps([listing, after]).encode()).decode()


def position(page_token: str, listing: str) -> str:
    """Where the page begins; empty for an empty token. BadPageToken for any that was not given out for this listing."""
    if not page_token:
        return ""
    if len(page_token) > _MAX_BYTES:
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
    after = position(page_token, listing) or "0"
    if not (after.isascii() and after.isdigit() and len(after) < 19):
        raise BadPageToken(_FORGED)
    return int(after)


def _plain(value: object) -> object:
    if isinstance(value, Filter | Box):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return dict(value) if isinstance(value, Mapping) else value
