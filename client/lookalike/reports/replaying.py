"""Asking a report's questions again.

A report is a stranger's file: it says which files to look at, so a file is sent only where it still has the SHA-256
that the report names, and the server is always the caller's own, never the one that the report was made with.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from lookalike.errors import LookalikeError
from lookalike.reports.comparing import Change, compare
from lookalike.reports.document import Answer, Report
from lookalike.reports.question import Asked, Question
from lookalike.types import Query, SearchResult

if TYPE_CHECKING:
    import lookalike


class Verdict(StrEnum):
    """How an answer compares with the one in the report."""

    IDENTICAL = "identical"
    DIFFERENT = "different"
    NOT_ASKED = "not asked"
    """A picture of the question is not what it was."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """A question of a report, the answer of then and of now, and what differs; `notes` say why that may be."""

    question: Question
    verdict: Verdict
    before: Answer
    now: Answer | None
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()


def in_order(
    client: "lookalike.Client", queries: Sequence[Query], **options: Any
) -> Iterator[SearchResult | LookalikeError]:
    """The answers of `search_many` in the order of the queries, each as soon as those before it are there."""
    places, waiting, due = defaultdict(list), {}, 0
    for place, query in enumerate(queries):
        places[id(query)].append(place)
    for query, answer in client.search_many(queries, **options):
        waiting[places[id(query)].pop()] = answer
        while due in waiting:
            yield waiting.pop(due)
            due += 1


def replay(client: "lookalike.Client", report: Report, *, collection: str = "") -> Iterator[Replayed]:
    """Each question of a report, asked again, in their order; of `collection` where it goes by another name here.

    Raises CollectionNotFound, and what `search_many` raises.
    """
    name = collection or report.collection.name
    client.collection(name)
    max_bytes = client.server_info().limits.max_image_bytes
    reasons = [_not_as_it_was(answer, max_bytes) for answer in report.answers]
    queries = [answer.question.query for answer, reason in zip(report.answers, reasons, strict=True) if not reason]
    answers = in_order(client, queries, collection=name, exact=True, **report.terms.options)
    for before, reason in zip(report.answers, reasons, strict=True):
        if reason:
            yield Replayed(before.question, Verdict.NOT_ASKED, before, None, notes=(reason,))
        else:
            yield _replayed(before, Answer.of(before.question, next(answers)), report)
    next(answers, None)  # to its end, or the server would count a call that was left


def _replayed(before: Answer, now: Answer, report: Report) -> Replayed:
    if before.result is None or now.result is None:
        same = before.error is not None and now.error is not None and before.error.reason == now.error.reason
        told = f"then: {_outcome(before)}; now: {_outcome(now)}"
        return Replayed(before.question, _verdict(same), before, now, notes=() if same else (told,))
    changes = tuple(compare(before.result, now.result, report.terms))
    notes = tuple(_notes(before.result, now.result, differs=bool(changes)))
    same = not changes and before.result.model_id == now.result.model_id
    return Replayed(before.question, _verdict(same), before, now, changes, notes)


def _verdict(same: bool) -> Verdict:
    return Verdict.IDENTICAL if same else Verdict.DIFFERENT


def _outcome(answer: Answer) -> str:
    return f"{answer.error.reason} {answer.error.message}" if answer.error else "an answer"


def _notes(before: SearchResult, now: SearchResult, *, differs: bool) -> Iterator[str]:
    if before.model_id != now.model_id:
        yield f"the collection was given to another model: {before.model_id} -> {now.model_id}"
    if before.generation != now.generation:
        yield f"the collection has changed: generation {before.generation:,} -> {now.generation:,}"
    elif differs:
        yield f"the collection has not changed since: generation {now.generation:,}"


def standing_changes(client: "lookalike.Client", report: Report, *, collection: str = "") -> list[str]:
    """What else an answer stands on and is not as it was: another collection of that name, other versions."""
    info, held = client.server_info(), client.collection(collection or report.collection.name)
    then, now = ({"server": each.version, **each.versions} for each in (report.server, info))
    changed = [name for name in then | now if then.get(name) != now.get(name)]
    lines = [f"{name}: {then.get(name, 'none')} -> {now.get(name, 'none')}" for name in changed]
    if held.created != report.collection.created:
        lines.insert(0, f"{held.name} is another collection than the report's: it was made at another time")
    return lines


def _not_as_it_was(answer: Answer, max_bytes: int) -> str:
    """Why a question cannot be asked again; empty where it can."""
    reasons = (_changed(each, max_bytes) for each in answer.question.all)
    return next(filter(None, reasons), "")


def _changed(asked: Asked, max_bytes: int) -> str:
    if not asked.sha256:
        return f"{asked.name} could not be read when the report was made, so nobody knows what it held"
    try:
        found = asked.hashed(max_bytes).sha256
    except LookalikeError as error:
        return f"{error.message}: the report has it with SHA-256 {asked.sha256}"
    return "" if found == asked.sha256 else f"{asked.name} holds another file now: SHA-256 {asked.sha256} -> {found}"
