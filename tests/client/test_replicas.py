"""Several servers behind one target: calls go round, and the death of one reaches no caller."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import Event

import pytest
from tests.client.faces import Connect
from tests.client.wire import Cut, How, Side, Wire
from tests.pictures import picture_bytes

from lookalike import AsyncClient, Client
from lookalike_server.process import ServerProcess

CALLS = 240
CALLERS = 8
DEATH = CALLS // 4
"""Calls answered before one of the servers is killed."""
PICTURES = [picture_bytes(seed) for seed in range(8)]


class Replicas:
    """Three servers; one of them may be killed, and come back."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.servers = [self._start(number) for number in range(3)]
        self.target = "ipv4:" + ",".join(server.target for server in self.servers)

    def kill(self, number: int = 1) -> None:
        self.servers[number].kill()

    def revive(self, number: int = 1) -> None:
        self.servers[number] = self._start(number, "--address", self.servers[number].target)

    def embedded(self, number: int) -> int:
        """Calls of `embed` that this server has answered since its start."""
        with Client(self.servers[number].target) as looks:
            return sum(
                each.count for each in looks.server_load().requests if each.method == "Embed" and each.code == "OK"
            )

    def _start(self, number: int, *flags: str) -> ServerProcess:
        return ServerProcess(self._folder / str(number), "--model", "tiny", *flags)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    three = Replicas(tmp_path_factory.mktemp("replicas"))
    yield three
    for server in three.servers:
        server.kill()


@pytest.fixture
def replicas(started: Replicas) -> Iterator[Replicas]:
    """All alive, and afterwards again."""
    yield started
    if not started.servers[1].is_running():
        started.revive()


def embed_in_threads(target: str, at_death: Callable[[], None]) -> int:
    """Calls of several threads through one client, and a death amid them. Raises what any of them met."""
    answered, death = count(1), Event()

    def embed(number: int) -> int:
        dim = len(looks.embed(PICTURES[number % len(PICTURES)]).vector)
        if next(answered) == DEATH:
            death.set()
        return dim

    with Client(target) as looks, ThreadPoolExecutor(CALLERS) as threads:
        calls = [threads.submit(embed, number) for number in range(CALLS)]
        death.wait()
        at_death()
        return sum(call.result() == 64 for call in calls)


async def embed_in_tasks(target: str, at_death: Callable[[], None]) -> int:
    """The same on one event loop."""
    answered, death, room = count(1), asyncio.Event(), asyncio.Semaphore(CALLERS)

    async def embed(number: int) -> int:
        async with room:
            dim = len((await looks.embed(PICTURES[number % len(PICTURES)])).vector)
        if next(answered) == DEATH:
            death.set()
        return dim

    async def die() -> None:
        await death.wait()
        await asyncio.to_thread(at_death)

    async with AsyncClient(target) as looks:
        *dims, _ = await asyncio.gather(*(embed(number) for number in range(CALLS)), die())
    return sum(dim == 64 for dim in dims)


def embed_many(kind: str, target: str, at_death: Callable[[], None] = lambda: None) -> int:
    """How many of all calls were answered by an embedding."""
    if kind == "threads":
        return embed_in_threads(target, at_death)
    return asyncio.run(embed_in_tasks(target, at_death))


@pytest.mark.parametrize("kind", ["threads", "tasks"])
def test_the_death_of_one_of_three_replicas_reaches_no_caller(replicas: Replicas, kind: str) -> None:
    before = [replicas.embedded(number) for number in (0, 2)]
    assert embed_many(kind, replicas.target, replicas.kill) == CALLS
    survivors = [replicas.embedded(number) - count for number, count in zip((0, 2), before, strict=True)]
    assert all(answered >= CALLS // 4 for answered in survivors), "calls go round"
    assert sum(survivors) < CALLS, "the dead one had its share"


def test_a_replica_that_comes_back_gets_calls_again(connect: Connect, replicas: Replicas) -> None:
    looks = connect(replicas.target)
    replicas.kill()
    for picture in PICTURES:
        looks.embed(picture)
    replicas.revive()
    while not replicas.embedded(1):
        looks.embed(PICTURES[0])


@pytest.mark.parametrize("how", [How.CLOSED, pytest.param(How.RESET, marks=pytest.mark.slow)])
def test_a_replica_whose_answers_break_off_midway_reaches_no_caller(replicas: Replicas, how: How) -> None:
    # Of two connections through the wire each breaks within an answer: 430 bytes hold the first, with its headers.
    with Wire(replicas.servers[0].target, *(Cut(700 + more, Side.SERVER, how) for more in (0, 10, 20))) as wire:
        others = ",".join(server.target for server in replicas.servers[1:])
        assert embed_many("threads", f"ipv4:{wire.target},{others}") == CALLS
        assert wire.connections > 1
