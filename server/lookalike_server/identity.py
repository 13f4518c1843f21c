"""Who a picture is, found out in the thread that would decode it: what is known already need not be."""

import hashlib
from collections.abc import Callable


class AlreadyKnown(Exception):
    """There is nothing to embed."""


class Identity:
    """A picture's id, its SHA-256, once `expect_new` was called; `is_known` may ask the disk."""

    def __init__(self, content: bytes, is_known: Callable[[str], bool]) -> None:
        self.content = content
        self.image_id = ""
        self._is_known = is_known

    def expect_new(self) -> None:
        """AlreadyKnown when it is."""
        self.image_id = hashlib.sha256(self.content).hexdigest()
        if self._is_known(self.image_id):
            raise AlreadyKnown
