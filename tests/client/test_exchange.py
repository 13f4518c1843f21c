"""What an import sends, waits for and makes of the answers, without any server."""

import os
from pathlib import Path
from typing import Any

import pytest

from lookalike import ImportItem, errors
from lookalike._calls import SearchOptions
from lookalike._exchange import Exchange
from lookalike._parcel import serialised
from lookalike._patience import ATTEMPTS, Patience
from lookalike._searching import SearchMany
from lookalike.importing import BATCH, Import
from lookalike.types import ImportOutcome, ImportProgress
from lookalike.v1 import image_service_pb2 as images_pb2
from lookalike.v1 import types_pb2

CREATED = images_pb2.ImportImagesResponse.OUTCOME_CREATED
GONE = errors.ServerUnavailable("gone")


def begun(items: list[Any], missing: bool = True) -> Import:
    """An import of these items, hashed; the server says that it misses all or none of them."""
    exchange = Import("trial", {}, len(items), 1_000, is_empty=False)
    exchange.feed(items)
    question = exchange.question()
    exchange.learn(list(question.request.image_ids) if question and missing else [])
    return exchange


def answer(request: Any, **fields: Any) -> images_pb2.ImportImagesResponse:
    return images_pb2.ImportImagesResponse(tag=arriving(request).tag, **{"outcome": CREATED, **fields})


def arriving(request: Any) -> images_pb2.ImportImagesRequest:
    """A request as the server reads it."""
    return images_pb2.ImportImagesRequest.FromString(serialised(request))


def status(code: int, reason: str, retry_after_ms: int | None = None) -> dict[str, Any]:
    refusal = types_pb2.ItemStatus(code=code, reason=reason, message="no", retry_after_ms=retry_after_ms)
    return {"status": refusal, "outcome": 0}


def test_known_pictures_travel_as_ids_and_missing_ones_as_bytes() -> None:
    exchange = Import("trial", {"who": "me"}, None, 1_000, is_empty=False)
    exchange.feed([b"known", ImportItem(b"missing", path="x.jpg", labels={"roll": "3"})])
    question = exchange.question()
    assert question is not None
    known, missing = question.request.image_ids
    exchange.learn([missing])
    by_id, by_bytes = map(arriving, exchange.outgoing())
    assert (by_id.image_id, dict(by_id.labels)) == (known, {"who": "me"})
    assert (by_bytes.content, by_bytes.source.path) == (b"missing", "x.jpg")
    assert by_bytes.labels == {"who": "me", "roll": "3"}


def test_of_an_empty_collection_nothing_is_asked() -> None:
    exchange = Import("trial", {}, None, 1_000, is_empty=True)
    exchange.feed([b"one", b"two"])
    assert exchange.question() is None
    assert [request.content for request in exchange.outgoing()] == [b"one", b"two"]


def test_no_more_items_than_the_window_are_under_way() -> None:
    exchange = begun([b"%d" % number for number in range(BATCH)])
    first = list(exchange.outgoing())
    exchange.feed([b"one more"])
    question = exchange.question()
    assert question is not None
    exchange.learn(list(question.request.image_ids))
    assert len(first) == exchange.max_items
    assert list(exchange.outgoing()) == []
    exchange.answered(answer(first[0]))
    assert [request.content for request in exchange.outgoing()] == [b"one more"]


def test_no_more_bytes_than_the_window_are_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Import, "max_bytes", 2_500)
    exchange = begun([bytes([number]) * 1_000 for number in range(5)])
    sent = list(exchange.outgoing())
    assert len(sent) == 3
    for _ in range(2):
        exchange.answered(answer(sent.pop()))
    assert len(list(exchange.outgoing())) == 2


def test_a_file_is_read_only_when_it_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"first")
    exchange = begun([path])
    path.write_bytes(b"second")
    assert next(exchange.outgoing()).content == b"second"


def test_a_file_that_vanishes_before_it_is_sent_fails_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"here")
    exchange = begun([path, b"other"])
    path.unlink()
    assert [request.content for request in exchange.outgoing()] == [b"other"]
    (failed,) = exchange.settle()
    assert (failed.outcome, failed.index, failed.path) == (ImportOutcome.FAILED, 0, path.as_posix())
    assert isinstance(failed.error, errors.ImageUnreadable)


def test_what_was_under_way_goes_out_again_in_its_order_after_a_pause() -> None:
    exchange = begun([b"a", b"b", b"c"])
    first, *_ = exchange.outgoing()
    exchange.answered(answer(first))
    exchange.interrupted(GONE)
    assert exchange.pause > 0
    assert list(exchange.outgoing()) == []
    assert not exchange.awaits_answer
    exchange._patience = Patience()
    assert [request.content for request in exchange.outgoing()] == [b"b", b"c"]


def test_a_refused_item_waits_as_long_as_the_server_says() -> None:
    exchange = begun([b"a"])
    (request,) = exchange.outgoing()
    exchange.answered(answer(request, **status(8, "QUEUE_FULL", 60_000)))
    assert 59 < exchange.pause <= 60
    assert exchange.settle() == []
    assert not exchange.is_done


def test_a_stream_that_breaks_without_end_is_given_up() -> None:
    now = [0.0]
    patience = Patience(lambda: now[0])
    for _ in range(ATTEMPTS):
        patience.setback(GONE)
        assert patience.pause > 0
        now[0] += patience.pause
    with pytest.raises(errors.ServerUnavailable):
        patience.setback(GONE)


def test_progress_renews_patience_and_a_window_refused_at_once_is_one_setback() -> None:
    now = [0.0]
    patience = Patience(lambda: now[0])
    for _ in range(5 * ATTEMPTS):
        patience.setback(GONE)
        patience.setback(GONE)
        patience.progress()
        now[0] += patience.pause
    assert patience.pause == 0


def test_an_item_that_is_refused_again_and_again_waits_while_others_get_through() -> None:
    now = [0.0]
    exchange = begun([b"%d" % number for number in range(ATTEMPTS + 3)])
    exchange._patience = Patience(lambda: now[0])
    unlucky, *others = exchange.outgoing()
    for other in others:
        exchange.answered(answer(unlucky, **status(8, "QUEUE_FULL", 50)))
        exchange.answered(answer(other))
        now[0] += exchange.pause
        (unlucky,) = exchange.outgoing()
    assert len(exchange.settle()) == len(others)


OPTIONS = SearchOptions("trial", 10, None, None, None, exact=False, include_embeddings=False)


@pytest.mark.parametrize("exchange", [SearchMany(OPTIONS, 1_000), Import("trial", {}, None, 1_000, is_empty=False)])
def test_a_picture_from_a_pipe_is_read_once_and_sent_as_often_as_it_takes(exchange: Exchange[Any, Any, Any]) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"content")
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        exchange.feed([pipe])
        if question := exchange.question():
            exchange.learn(list(question.request.image_ids))
        for _ in range(2):
            (request,) = exchange.outgoing()
            assert b"content" in serialised(request)
            exchange.interrupted(GONE)
            exchange._patience = Patience()


@pytest.mark.parametrize("error", [errors.Unauthenticated("no"), errors.CollectionNotFound("no")])
def test_what_waiting_cannot_cure_is_raised_at_once(error: errors.LookalikeError) -> None:
    exchange = begun([b"a"])
    list(exchange.outgoing())
    with pytest.raises(type(error)):
        exchange.interrupted(error)


@pytest.mark.parametrize(("code", "reason"), [(5, "COLLECTION_NOT_FOUND"), (9, "MODEL_MISMATCH")])
def test_what_every_item_would_meet_ends_the_import(code: int, reason: str) -> None:
    exchange = begun([b"a"])
    (request,) = exchange.outgoing()
    with pytest.raises(errors.LookalikeError) as caught:
        exchange.answered(answer(request, **status(code, reason)))
    assert caught.value.reason == reason


def test_an_image_deleted_after_the_question_is_sent_after_all() -> None:
    exchange = begun([b"a"], missing=False)
    (request,) = exchange.outgoing()
    assert request.image_id
    exchange.answered(answer(request, **status(5, "IMAGE_NOT_FOUND")))
    (again,) = exchange.outgoing()
    assert again.content == b"a"


def test_an_import_is_done_when_every_item_is_settled() -> None:
    exchange = begun([b"a"])
    (request,) = exchange.outgoing()
    assert not exchange.is_done
    exchange.answered(answer(request, image_id="id"))
    assert not exchange.is_done
    assert exchange.settle() == [ImportProgress(1, 1, 0, None, ImportOutcome.CREATED, "id", None, 1)]
    assert exchange.is_done


def test_labels_too_large_for_a_message_cost_their_item_only() -> None:
    exchange = Import("trial", {}, None, 1_000, is_empty=True)
    exchange.feed([ImportItem(b"large", labels={"note": "x" * (1 << 20)}), b"small"])
    assert exchange.question() is None
    assert [request.content for request in exchange.outgoing()] == [b"small"]
    (failed,) = exchange.settle()
    assert isinstance(failed.error, errors.BadRequest)
