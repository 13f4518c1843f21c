"""What the server counts, as Prometheus sees it (`--metrics-address`).

lookalike_requests_total{method,code,reason}      calls and stream items answered
lookalike_stage_seconds{stage,lane}               time of each stage: decode, queue, embed, index, total
lookalike_batch_rows                              rows of each forward pass
lookalike_batch_seconds                           time of each forward pass
lookalike_dropped_total{reason,lane}              pictures dropped before compute: cancelled, deadline, queue_full
lookalike_waiting_images                          pictures in the waiting room
"""

from collections import Counter as Counts
from collections.abc import Callable, Iterator, Sequence

from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from lookalike_server.pipeline.admission import Admission
from lookalike_server.pipeline.decode import Decoder
from lookalike_server.pipeline.lane import Lane
from lookalike_server.pipeline.waiting import Drops, WaitingRoom
from lookalike_server.stages import Timings

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
ROWS = (1, 2, 4, 8, 16, 32, 64)

Queue = tuple[WaitingRoom, Decoder, Admission]
"""Of one model: all that drop pictures."""


class Metrics:
    """One server's counters, on a registry of their own so that several servers fit in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "lookalike_requests", "Calls answered", ["method", "code", "reason"], registry=self.registry
        )
        self._stages = Histogram(
            "lookalike_stage_seconds", "Time by stage", ["stage", "lane"], buckets=SECONDS, registry=self.registry
        )
        self._rows = Histogram("lookalike_batch_rows", "Rows of a pass", buckets=ROWS, registry=self.registry)
        self._batch = Histogram("lookalike_batch_seconds", "Time of a pass", buckets=SECONDS, registry=self.registry)
        self._drops: Drops = Counts()

    def answered(self, method: str, code: str, reason: str) -> None:
        """Count one call or one item of a stream."""
        self._requests.labels(method, code, reason).inc()

    def timed(self, lane: str, timings: Timings) -> None:
        """Count where the time of one call or item went."""
        for stage, seconds in timings.as_dict().items():
            if seconds > 0:
                self._stages.labels(stage, lane).observe(seconds)

    def batched(self, rows: int, seconds: float) -> None:
        """Count one forward pass."""
        self._rows.observe(rows)
        self._batch.observe(seconds)

    def dropped(self, reason: str, lane: Lane) -> None:
        """Count one picture that was refused before it came to any queue."""
        self._drops[reason, lane] += 1

    def watch(self, queues: Sequence[Queue]) -> None:
        """Report who waits and who was turned away, for all models together, whenever somebody asks."""
        self.registry.register(QueueCollector(queues, self._drops))

    def listen(self, host: str, port: int) -> Callable[[], None]:
        """Serve the numbers over HTTP; returns what ends that. Raises OSError."""
        server, thread = start_http_server(port, host.strip("[]"), registry=self.registry)

        def close() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return close


class QueueCollector(Collector):
    """Reads the queues before the engines at scrape time."""

    def __init__(self, queues: Sequence[Queue], drops: Drops) -> None:
        """`drops`: those that came to none of the queues."""
        self._queues = queues
        self._drops = drops

    def collect(self) -> Iterator[Metric]:
        """The numbers now."""
        waiting = sum(len(room) for room, *_ in self._queues)
        yield GaugeMetricFamily("lookalike_waiting_images", "Pictures that wait", waiting)
        drops = CounterMetricFamily("lookalike_dropped", "Pictures dropped before compute", labels=["reason", "lane"])
        counts = sum((part.drops for parts in self._queues for part in parts), start=self._drops)
        for (reason, lane), count in counts.items():
            drops.add_metric([reason, lane.label], count)
        yield drops
