"""A report as a file: what is written comes back, and what is no report ends in a sentence."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.client.report_makers import HOSTILE, NOON, match, report, result

from lookalike import Filter, GeoBox, Region, ScenePreference
from lookalike.reports import (
    Answer,
    Asked,
    BadReport,
    Failure,
    Question,
    Report,
    Terms,
    files,
    from_text,
    page,
    read,
    to_json,
)
from lookalike.types import Location, Scene

FILTER = Filter(labels={"a": "b"}, path_prefix="/x", box=GeoBox(1, 2, 3, 4)) & Filter(captured_from=NOON) | ~Filter(
    scenes=("pier",)
)
FULL = Terms(5, Region(0, 0, 0.5, 1), FILTER, ScenePreference(("bar",), True, 0.2), 1.5, 0.25)


def full() -> Report:
    """A report with everything in it."""
    facts = {"labels": {"k\n": HOSTILE}, "scenes": (Scene("pier", 0.75),), "location": Location(1.5, -2.0)}
    found = result(matches=(match(1, 0.25, "x", **facts),), query_scenes=(Scene("bar", 0.5),), more_within=True)
    failed = Answer(Question((Asked("", HOSTILE), Asked("b" * 64)), (Asked("c" * 64),)), error=Failure("A", "B", "C"))
    whole = report(found, terms=FULL, path=HOSTILE)
    return Report(whole.server, whole.collection, FULL, (*whole.answers, failed), NOON, "0.1.0")


def html(whole: Report) -> str:
    return "".join(page(whole, to_json(whole)))


@pytest.mark.parametrize("written", [to_json, html], ids=["json", "html"])
def test_what_is_written_comes_back(written: Callable[[Report], str], tmp_path: Path) -> None:
    (tmp_path / "report").write_text(written(full()), encoding="utf-8")
    assert read(tmp_path / "report") == full()


def test_the_document_says_first_what_it_is() -> None:
    assert to_json(full()).startswith('{\n "format": "lookalike.report",\n "version": 1,')
    assert to_json(full()).isascii()


def changed(*path: Any, to: Any) -> str:
    """The document with one value changed; None stands for taken away."""
    document = json.loads(to_json(full()))
    place = document
    for step in path[:-1]:
        place = place[step]
    if to is None:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return json.dumps(document)


MATCH = ("answers", 0, "result", "matches", 0)
DAMAGED = [
    ("", "neither a report's JSON nor a page"),
    ("GIF89a", "neither a report's JSON nor a page"),
    ("{", "its JSON is damaged"),
    ("{}", "no report of Lookalike"),
    ("[]", "neither a report's JSON nor a page"),
    ('{"format": ' + "[" * 200_000, "its JSON is damaged"),
    (to_json(full())[:-9], "its JSON is damaged"),
    (html(full()).replace("</pre>", ""), "nor a page that holds it whole"),
    (html(full()) * 2, "nor a page that holds it whole"),
    (changed("format", to="other"), "no report of Lookalike"),
    (changed("version", to=2), "of version '2', and this Lookalike reads 1"),
    (changed("surprise", to=1), "report has a field 'surprise'"),
    (changed("terms", to=None), "report has no terms"),
    (changed("answers", to={}), "report.answers is not a list"),
    (changed("answers", to=[]), "it holds no answers"),
    (changed("created", to="yesterday"), "report.created is not a time"),
    (changed("terms", "limit", to=True), "report.terms.limit is not a whole number"),
    (changed("terms", "limit", to=1.5), "report.terms.limit is not a whole number"),
    (changed("terms", "max_distance", to="far"), "report.terms.max_distance is not a number"),
    (changed("terms", "max_distance", to=10**400), "report.terms.max_distance is not a number"),
    (changed("terms", "filter", "labels", to={"a": 5}), "report.terms.filter.labels['a'] is not a text"),
    (changed("server", "versions", to=[1]), "report.server.versions is not an object"),
    (changed(*MATCH, "distance", to="near"), "report.answers[0].result.matches[0].distance is not a number"),
    (changed(*MATCH, "image", "embedding", to=[1.0]), "has a field 'embedding'"),
    (changed("answers", 0, "question", "positives", to=[]), "answers[0].question has no positives"),
    (changed("answers", 0, "question", "positives", 0, "sha256", to="x"), "holds a SHA-256 that is none"),
    (changed("answers", 0, "result", to=None), "answers[0] has both a result and an error, or neither"),
    (to_json(full()).replace("0.75", "NaN"), "NaN is no number"),
    (to_json(full()).replace("0.75", "Infinity"), "Infinity is no number"),
    (to_json(full()).replace("0.75", "1e999"), "is not a number"),
]


@pytest.mark.parametrize(("text", "told"), DAMAGED, ids=range(len(DAMAGED)))
def test_what_is_no_report_is_told(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "report").write_text(text, encoding="utf-8")
    with pytest.raises(BadReport) as caught:
        read(tmp_path / "report")
    assert told in str(caught.value)


def test_filters_nested_without_end_are_told() -> None:
    document = json.loads(to_json(full()))
    innermost = document["terms"]["filter"]
    for _ in range(400):
        document["terms"]["filter"] = {**innermost, "all_of": [document["terms"]["filter"]]}
    with pytest.raises(BadReport, match="nested deeper"):
        from_text(json.dumps(document))


def test_bytes_that_are_no_text_and_files_that_are_too_large_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 1_000)
    (tmp_path / "picture").write_bytes(b"\x89PNG\xff")
    with pytest.raises(BadReport, match="no text in UTF-8"):
        read(tmp_path / "picture")
    (tmp_path / "large").write_bytes(bytes(1_001))
    with pytest.raises(BadReport, match="larger than the 1,000 bytes"):
        read(tmp_path / "large")


def test_older_reports_lack_what_came_later_and_are_read() -> None:
    document = json.loads(to_json(full()))
    del document["answers"][0]["result"]["more_within"]
    del document["terms"]["group_distance"]
    older = from_text(json.dumps(document))
    assert older.terms.group_distance is None
    assert older.created == datetime(2024, 5, 1, 12, 30, 15, 123456, tzinfo=UTC)
