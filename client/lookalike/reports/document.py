"""What a report says. Its JSON has these very fields, so that whoever reads one can read them here.

A report is always the answer of an exact search: the same state of a collection then gives the identical list.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Self

from lookalike.errors import LookalikeError
from lookalike.reports.question import Question
from lookalike.reports.words import in_words
from lookalike.types import Collection, Filter, Region, ScenePreference, SearchResult, ServerInfo

FORMAT, VERSION = "lookalike.report", 1
_SHA256 = re.compile("[0-9a-f]{64}")


class BadReport(Exception):
    """Why a file is no report that can be read, in a sentence."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The options of a search that decide what it finds, as `Client.search` describes them."""

    limit: int = 10
    region: Region | None = None
    filter: Filter = field(default_factory=Filter)
    prefer: ScenePreference | None = None
    max_distance: float | None = None
    group_distance: float | None = None
    tta: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """Keyword arguments of `search` and `search_many`."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @property
    def words(self) -> dict[str, str]:
        """Those options that are not what they are by themselves, for people."""
        usual = Terms()
        changed = {name: value for name, value in self.options.items() if value != getattr(usual, name)}
        return {"limit": str(self.limit), **{name: in_words(value) for name, value in changed.items()}}


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a question has no answer."""

    code: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A question with what was found, or with why nothing could be."""

    question: Question
    result: SearchResult | None = None
    error: Failure | None = None

    @classmethod
    def of(cls, question: Question, given: SearchResult | LookalikeError) -> Self:
        """What `search_many` gives for a question."""
        if isinstance(given, LookalikeError):
            return cls(question, error=Failure(given.code, given.reason, given.message))
        return cls(question, given)


@dataclass(frozen=True, slots=True)
class ServerState:
    """Who answered: `versions` are those of the parts that a result depends on."""

    address: str
    version: str
    versions: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True, slots=True)
class CollectionState:
    """What was searched, when the searches began."""

    name: str
    model_id: str
    generation: int
    image_count: int
    created: datetime | None


@dataclass(frozen=True, slots=True)
class Report:
    """Questions, answers, and what they stand on; `lookalike` is the version of the library that wrote it."""

    server: ServerState
    collection: CollectionState
    terms: Terms
    answers: tuple[Answer, ...]
    created: datetime
    lookalike: str
    format: str = FORMAT
    version: int = VERSION

    @classmethod
    def begun(cls, address: str, info: ServerInfo, searched: Collection, terms: Terms) -> Self:
        """A report without answers yet."""
        state = CollectionState(
            searched.name, searched.model_id, searched.generation, searched.image_count, searched.created
        )
        server = ServerState(address, info.version, info.versions)
        return cls(server, state, terms, (), datetime.now(UTC), version("lookalike"))

    def check(self) -> None:
        """Raise BadReport for what has a report's fields and still makes no sense."""
        if not self.answers:
            raise BadReport("it holds no answers")
        for place, answer in enumerate(self.answers):
            _check(answer, f"answers[{place}]")


def _check(answer: Answer, where: str) -> None:
    if not answer.question.positives:
        raise BadReport(f"{where}.question has no positives")
    if (answer.result is None) == (answer.error is None):
        raise BadReport(f"{where} has both a result and an error, or neither")
    unread = answer.error is not None
    if not all(_SHA256.fullmatch(each.sha256) or (unread and each.path) for each in answer.question.all):
        raise BadReport(f"{where}.question holds a SHA-256 that is none")
