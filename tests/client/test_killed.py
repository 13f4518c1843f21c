"""The server is killed in mid-call and started again, several times over; callers get all they asked for."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest
from tests.client.faces import Connect
from tests.client.imported import nothing_lost_nothing_doubled
from tests.pictures import write_pictures

from lookalike import AsyncClient, Client
from lookalike.types import SearchResult
from lookalike_server.process import ServerProcess

Step = TypeVar("Step")
COUNT = 150


class Mortal:
    """A server that is killed again and again, and always started on the same folder and port."""

    def __init__(self, data: Path, *flags: str) -> None:
        self._data = data
        self._flags = flags
        self._threads = ThreadPoolExecutor()
        self._running: Future[ServerProcess] = Future()
        self._running.set_result(ServerProcess(data, *flags))
        self.target = self._running.result().target
        self.deaths = 0

    def kill(self) -> None:
        """SIGKILL; returns at once, and the next one starts meanwhile: callers find nobody for a while."""
        self._running.result().kill()
        self.deaths += 1
        self._running = self._threads.submit(ServerProcess, self._data, *self._flags, "--address", self.target)

    def end(self) -> None:
        self._running.result().kill()
        self._threads.shutdown()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Mortal]:
    mortal = Mortal(tmp_path / "data", "--model", "tiny", "--model", "tiny:32")
    yield mortal
    mortal.end()


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Pictures in their order: more than two windows hold."""
    return write_pictures(tmp_path_factory.mktemp("many"), range(2000, 2000 + COUNT))


def each_time(steps: Iterable[Step], deaths: Iterable[int], kill: Callable[[], None]) -> list[Step]:
    """All steps; after so many of them the server dies."""
    taken: list[Step] = []
    for step in steps:
        taken.append(step)
        if len(taken) in deaths:
            kill()
    return taken


@pytest.mark.parametrize("connect", [Client, pytest.param(AsyncClient, marks=pytest.mark.slow)], indirect=True)
def test_an_import_outlives_its_server_several_times(connect: Connect, server: Mortal, many: list[Path]) -> None:
    looks = connect(server.target)
    done = each_time(looks.import_folder(many[0].parent, collection="c"), (1, 50, 100), server.kill)
    assert server.deaths == 3
    nothing_lost_nothing_doubled(looks, "c", many, done)


@pytest.mark.parametrize("connect", [pytest.param(Client, marks=pytest.mark.slow), AsyncClient], indirect=True)
def test_what_was_asked_of_a_server_that_dies_is_answered_by_the_next(
    connect: Connect, server: Mortal, many: list[Path]
) -> None:
    looks = connect(server.target)
    list(looks.import_folder(many[0].parent, collection="c"))
    answers = each_time(looks.search_many(many, collection="c", limit=1), (1, 80), server.kill)
    found = {path: result[0].image.path for path, result in answers if isinstance(result, SearchResult)}
    assert (len(answers), found) == (COUNT, {path: path.as_posix() for path in many})
    before = list(looks.images("c"))
    assert each_time(looks.images("c", page_size=10), (15, 75), server.kill) == before
    steps = each_time(looks.reembed("c", model="tiny:32"), (1, 80), server.kill)
    assert [(each.done, each.total, each.error) for each in steps] == [(n, COUNT, None) for n in range(1, COUNT + 1)]
    assert {each.image_id for each in steps} == {image.id for image in before}
    assert looks.collection("c").model_id == "tiny-32-1"
    assert server.deaths == 6
