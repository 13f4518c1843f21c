"""Many items over one stream, without the I/O: what may be sent, what the answers mean, what a broken stream leaves.

    feed() --> [waiting] --outgoing()--> [under way] --answered()--> settle()
                   ^                          |
                   '------ refused, or the stream broke: interrupted() pauses, then they go out again

The clients drive it, each with its own way of waiting. At most a window of items and bytes is under way, so that
answers always find room and both ends may write without waiting for the other to read.
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, ClassVar, Generic, TypeVar

from lookalike._calls import Call
from lookalike._patience import Patience, is_refusal
from lookalike._taking import held_bytes, is_last
from lookalike.errors import LookalikeError

Item = TypeVar("Item")
Job = TypeVar("Job")
Result = TypeVar("Result")


class Exchange(ABC, Generic[Item, Job, Result]):
    """Items in, results out, in the order in which they are settled."""

    rpc: ClassVar[str]
    max_items: ClassVar[int]
    max_bytes: ClassVar[int] = 64 << 20

    def __init__(self) -> None:
        self._waiting: deque[Job] = deque()
        self._under_way: dict[int, Job] = {}
        self._sizes: dict[int, int] = {}
        self._settled: list[Result] = []
        self._ended = False
        self._tags = count(1)
        self._patience = Patience()

    @property
    @abstractmethod
    def room(self) -> int:
        """Further items that it wants now."""

    def feed(self, items: Sequence[Item]) -> None:
        """Take `room` items; fewer mean that there are no more, unless those are large (`_taking`)."""
        self._ended = self._ended or is_last(items, self.room)
        self._take(items)

    def question(self) -> Call[list[str]] | None:
        """A call whose answer `learn` needs before more can go out. May read pictures."""
        return None

    def learn(self, answer: list[str]) -> None:
        """Take the answer to `question`."""
        raise NotImplementedError

    def outgoing(self) -> Iterator[Any]:
        """Requests that the window has room for. Reads their pictures, each when it is its turn."""
        while self._waiting and self._has_room and not self.pause:
            job = self._waiting.popleft()
            tag = next(self._tags)
            try:
                request = self._request(tag, job)
            except LookalikeError as error:
                self._settled.append(self._failure(job, error))
            else:
                # A picture in memory stays there until it is answered for, also where only its id travels.
                self._under_way[tag], self._sizes[tag] = job, max(request.ByteSize(), held_bytes(job))
                yield request

    def answered(self, answer: Any) -> None:
        """Take one answer. Raises what no further item could be spared from."""
        job, _ = self._under_way.pop(answer.tag), self._sizes.pop(answer.tag)
        error = self._error(answer)
        if error is not None and is_refusal(error):
            self._waiting.appendleft(job)
            self._patience.setback(error)
            return
        self._patience.progress()
        self._conclude(job, answer, error)

    def interrupted(self, error: LookalikeError) -> None:
        """The stream broke: what was under way goes out again after `pause`. Raises the error when that is hopeless."""
        self._waiting.extendleft(reversed(self._under_way.values()))
        self._under_way.clear()
        self._sizes.clear()
        self._patience.setback(error)

    def settle(self) -> list[Result]:
        """Results since the last time."""
        settled, self._settled = self._settled, []
        return settled

    @property
    def pause(self) -> float:
        """Seconds before anything may go out."""
        return self._patience.pause

    @property
    def awaits_answer(self) -> bool:
        """Whether something is under way."""
        return bool(self._under_way)

    @property
    def is_done(self) -> bool:
        """Whether every item is settled."""
        return self._ended and not (self._waiting or self._under_way or self._settled)

    @property
    def _has_room(self) -> bool:
        return len(self._under_way) < self.max_items and sum(self._sizes.values()) < self.max_bytes

    @abstractmethod
    def _take(self, items: Sequence[Item]) -> None: ...

    @abstractmethod
    def _request(self, tag: int, job: Job) -> Any: ...

    @abstractmethod
    def _error(self, answer: Any) -> LookalikeError | None: ...

    @abstractmethod
    def _conclude(self, job: Job, answer: Any, error: LookalikeError | None) -> None: ...

    @abstractmethod
    def _failure(self, job: Job, error: LookalikeError) -> Result: ...
