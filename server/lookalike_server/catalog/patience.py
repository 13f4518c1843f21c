"""Whether to try again what failed lately: after 2, 4, 8 and at most 64 searches that went another way."""

_FIRST, _MOST = 2, 64


class Patience:
    """Of sifting with one filter: the more often in a row it fails, the longer it rests.

    Threads may miscount, which costs time and nothing else.
    """

    def __init__(self) -> None:
        self.near = 0.0
        """What share of the images near the query passed when it failed last."""
        self._pause = 0
        self._left = 0

    def rests(self) -> bool:
        """Whether to go another way; asked once for each search."""
        if self._left:
            self._left -= 1
            return True
        return False

    def failed(self, near: float) -> None:
        """It was tried in vain."""
        self.near = near
        self._pause = min(2 * self._pause or _FIRST, _MOST)
        self._left = self._pause

    def worked(self) -> None:
        """It found what was asked for."""
        self._pause = 0
