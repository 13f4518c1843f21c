import threading
from collections.abc import Callable

from lookalike_server.catalog.rwlock import ReadWriteLock


def start(target: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    return thread


def test_readers_share() -> None:
    lock, met = ReadWriteLock(), threading.Barrier(3, timeout=10)

    def read() -> None:
        with lock.read():
            met.wait()  # passes only while all three hold the lock

    for thread in [start(read) for _ in range(3)]:
        thread.join(10)
        assert not thread.is_alive()
    assert not met.broken


def test_a_writer_is_alone() -> None:
    lock, held, worst = ReadWriteLock(), [0], [0]

    def write() -> None:
        for _ in range(200):
            with lock.write():
                held[0] += 1
                worst[0] = max(worst[0], held[0])
                held[0] -= 1

    def read() -> None:
        for _ in range(200):
            with lock.read():
                worst[0] = max(worst[0], held[0] + 1)

    for thread in [start(write), start(write), start(read), start(read)]:
        thread.join(30)
        assert not thread.is_alive()
    assert worst[0] == 1


def test_a_waiting_writer_goes_before_new_readers() -> None:
    lock, order = ReadWriteLock(), list[str]()
    first_in, first_out = threading.Event(), threading.Event()

    def first() -> None:
        with lock.read():
            first_in.set()
            first_out.wait(10)

    def write() -> None:
        with lock.write():
            order.append("writer")

    def late() -> None:
        with lock.read():
            order.append("reader")

    threads = [start(first)]
    assert first_in.wait(10)
    threads.append(start(write))
    until(lambda: lock._writers_waiting == 1)
    threads.append(start(late))
    until(lambda: lock._readers_waiting == 1)
    first_out.set()
    for thread in threads:
        thread.join(10)
    assert order == ["writer", "reader"]


def test_waiting_readers_go_before_the_next_writer() -> None:
    lock, order = ReadWriteLock(), list[str]()

    def read() -> None:
        with lock.read():
            order.append("reader")

    def write() -> None:
        with lock.write():
            order.append("writer")

    with lock.write():
        writer = start(write)
        until(lambda: lock._writers_waiting == 1)
        reader = start(read)
        until(lambda: lock._readers_waiting == 1)
    writer.join(10)
    reader.join(10)
    assert order == ["reader", "writer"]


def test_an_error_lets_go() -> None:
    lock = ReadWriteLock()
    for hold in (lock.read, lock.write):
        try:
            with hold():
                raise KeyError
        except KeyError:
            pass
    with lock.write():
        pass


def until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    while not condition():
        pause.wait(0.001)
