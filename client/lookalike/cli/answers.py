"""From questions to answers: asked one by one or many at once, and shown or kept in every form that was wanted."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.text import Text

from lookalike.cli.found import print_found
from lookalike.cli.output import out, plain, print_json, printable, remark
from lookalike.cli.progress import failure_line, progress_bar
from lookalike.cli.queries import Wanted
from lookalike.cli.reporting import Keeping, write_report
from lookalike.cli.saving import STDOUT, check_file, csv_rows
from lookalike.counting import counted
from lookalike.errors import LookalikeError, SourceChanged
from lookalike.reports import COLUMNS, Answer, Question, Report, Terms, in_order, rows
from lookalike.reports.question import Stamps
from lookalike.types import SearchResult

if TYPE_CHECKING:
    import lookalike


@dataclass(frozen=True, slots=True)
class Outlets:
    """Where answers go: to the screen, as JSON, into a table, into a report."""

    as_json: bool
    csv: Path | None
    keeping: Keeping | None
    sheet: bool

    def check(self) -> None:
        """Refuse what cannot be written before anything is asked."""
        if self.as_json and self.csv == STDOUT:
            raise typer.BadParameter("standard output takes --json or --csv -, not both", param_hint="--csv")
        check_file(self.csv, ",".join(COLUMNS[:3]), "--csv")
        if self.keeping:
            self.keeping.check()

    @property
    def tables(self) -> bool:
        """Whether a person reads the answers."""
        return not self.as_json and self.csv != STDOUT

    @property
    def hold(self) -> bool:
        """Whether answers are wanted again after all have come."""
        return self.tables or self.sheet or self.keeping is not None


@dataclass(frozen=True, slots=True)
class Asking:
    """Where to look, and how."""

    client: "lookalike.Client"
    server: str
    collection: str
    terms: Terms
    how: dict[str, Any]
    """The options of a search that do not decide what it finds: `exact`, `consistency`."""

    def answers(self, wanted: Wanted, *, hashed: bool) -> Iterator[Answer]:
        """Give the answers in the order of the questions; the error of a single one is raised."""
        options = {"collection": self.collection, **self.how, **self.terms.options}
        queries = [question.query for question in wanted.questions]
        stamps = [question.stamps if hashed else () for question in wanted.questions]
        many = in_order(self.client, queries, **options)
        given = iter([self.client.search(queries[0], **options)]) if wanted.single else many
        max_bytes = self.client.server_info().limits.max_image_bytes if hashed else 0
        for question, before, found in zip(wanted.questions, stamps, given, strict=True):
            yield _hashed(question, before, found, max_bytes) if hashed else Answer.of(question, found)


def _hashed(question: Question, before: Stamps, found: SearchResult | LookalikeError, max_bytes: int) -> Answer:
    """With the hashes of its files, which must be as they were before they were sent."""
    if question.stamps != before:
        return Answer.of(question, SourceChanged(f"{question.name} changed while it was asked with: ask again"))
    return Answer.of(question.hashed(max_bytes), found)


def answer(asking: Asking, wanted: Wanted, to: Outlets) -> tuple[list[Answer], int]:
    """Ask, show and keep; gives the answers, where they are to be held, and how many failed."""
    report = _begun(asking) if to.keeping or not wanted.single else None
    held, failed = [], 0
    with ExitStack() as open_files, progress_bar(not to.tables or wanted.single) as bar:
        takers = _takers(to, wanted, open_files)
        task = bar.add_task("", total=len(wanted.questions))
        for each in asking.answers(wanted, hashed=not wanted.single or to.keeping is not None or to.csv is not None):
            for take in takers:
                take(each)
            held += [each] if to.hold else []
            failed += each.error is not None
            bar.update(task, advance=1, description=f"{failed:,} failed" if failed else "")
    if to.tables:
        _print(held, wanted, asking.collection)
    if report and to.keeping:
        write_report(asking.client, replace(report, answers=tuple(held)), to.keeping)
    if failed:
        remark(f"{failed:,} of {counted(len(wanted.questions), 'query')} failed.", "yellow")
    return held, failed


def _begun(asking: Asking) -> Report:
    """Look whether the collection is there, once and not for each query, and what it is before anything is asked."""
    held, info = asking.client.collection(asking.collection), asking.client.server_info()
    return Report.begun(asking.server, info, held, asking.terms)


def _takers(to: Outlets, wanted: Wanted, open_files: ExitStack) -> list[Callable[[Answer], object]]:
    """What is done with each answer as soon as it is there."""
    takers: list[Callable[[Answer], object]] = []
    if to.as_json:
        takers.append(_print_one if wanted.single else _print_line)
    if to.csv:
        write = open_files.enter_context(csv_rows(to.csv, COLUMNS))
        takers.append(lambda each: [write(row) for row in rows(each)])
    return takers


def _print_one(only: Answer) -> None:
    print_json(only.result)


def _print_line(one: Answer) -> None:
    """JSON lines: a reader need not wait for the last of ten thousand."""
    typer.echo(json.dumps(plain(one)))


def _print(answers: Sequence[Answer], wanted: Wanted, collection: str) -> None:
    for place, each in enumerate(answers):
        if not wanted.single:
            out.print(Text(("\n" if place else "") + printable(each.question.name), style="bold"), soft_wrap=True)
        if each.error:
            out.print(failure_line("", each.error.reason, each.error.message), soft_wrap=True)
        elif each.result is not None:
            print_found(each.result, collection)
