"""What Prometheus sees (`--metrics-address`): one reading of the load, in its words. docs/operators.md tells the names.

Beside these stand prometheus_client's own metrics of the process: memory, processor time, files, start.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from lookalike_server.load import ModelLoad, ServerLoad
from lookalike_server.metrics import MIXES, Histogram
from lookalike_server.pipeline.lane import Lane

Row = tuple[list[str], float]


class LoadCollector(Collector):
    """Reads the load whenever somebody asks."""

    def __init__(self, read: Callable[[], ServerLoad]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        """The numbers now."""
        load = self._read()
        yield from of_requests(load)
        yield from of_models(load.models)
        drops = (([reason, lane.label], float(count)) for (reason, lane), count in load.drops.items())
        yield counter("lookalike_dropped", "Pictures dropped before compute", ("reason", "lane"), drops)
        yield GaugeMetricFamily("lookalike_held_bytes", "Bytes of requests read and not answered", load.held_bytes)
        yield GaugeMetricFamily("lookalike_images", "Images that can be searched", load.image_count)
        yield GaugeMetricFamily("lookalike_unindexed_images", "Images that no graph holds yet", load.unindexed_count)


def registry(read: Callable[[], ServerLoad]) -> CollectorRegistry:
    """A registry of its own, so that several servers fit in one process."""
    made = CollectorRegistry()
    made.register(LoadCollector(read))
    ProcessCollector(registry=made)
    return made


def listen(read: Callable[[], ServerLoad], host: str, port: int) -> Callable[[], None]:
    """Serve the numbers over HTTP; returns what ends that. Raises OSError."""
    server, thread = start_http_server(port, host.strip("[]"), registry=registry(read))

    def close() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return close


def of_requests(load: ServerLoad) -> Iterator[Metric]:
    """What was answered, how long it took, and in which stages."""
    metrics = load.metrics
    requests = ((list(labels), float(count)) for labels, count in dict(metrics.requests).items())
    yield counter("lookalike_requests", "Calls and stream items answered", ("method", "code", "reason"), requests)
    methods = (([method], times) for method, times in dict(metrics.seconds).items())
    yield histogram("lookalike_request_seconds", "From arrival to answer", ("method",), methods)
    stages = (([stage, lane.label], times) for lane, each in metrics.stages.items() for stage, times in each.items())
    yield histogram("lookalike_stage_seconds", "Time of a request in a stage", ("stage", "lane"), stages)


def of_models(models: Sequence[ModelLoad]) -> Iterator[Metric]:
    """What each model ran, and what waits for it."""
    lanes = [(model, lane) for model in models for lane in Lane]
    rows = (([mix, model.model_id], model.passes.rows[mix]) for model in models for mix in MIXES)
    yield histogram("lookalike_batch_rows", "Pictures in a forward pass", ("lanes", "model"), rows)
    seconds = (([mix, model.model_id], model.passes.seconds[mix]) for model in models for mix in MIXES)
    yield histogram("lookalike_batch_seconds", "Time of a forward pass", ("lanes", "model"), seconds)
    embedded = (([lane.label, model.model_id], float(model.passes.embedded[lane])) for model, lane in lanes)
    yield counter("lookalike_embedded", "Pictures embedded", ("lane", "model"), embedded)
    images = (([lane.label, model.model_id], float(model.waiting[lane].images)) for model, lane in lanes)
    yield gauge("lookalike_waiting_images", "Decoded pictures that wait for the engine", ("lane", "model"), images)
    sizes = (([lane.label, model.model_id], float(model.waiting[lane].bytes)) for model, lane in lanes)
    yield gauge("lookalike_waiting_bytes", "Bytes of these pictures", ("lane", "model"), sizes)


def counter(name: str, words: str, labels: tuple[str, ...], rows: Iterable[Row]) -> Metric:
    """A count for each combination of labels."""
    family = CounterMetricFamily(name, words, labels=labels)
    for values, number in rows:
        family.add_metric(values, number)
    return family


def gauge(name: str, words: str, labels: tuple[str, ...], rows: Iterable[Row]) -> Metric:
    """A number of this moment for each combination of labels."""
    family = GaugeMetricFamily(name, words, labels=labels)
    for values, number in rows:
        family.add_metric(values, number)
    return family


def histogram(name: str, words: str, labels: tuple[str, ...], rows: Iterable[tuple[list[str], Histogram]]) -> Metric:
    """Measurements for each combination of labels; Prometheus wants each range to hold those before it."""
    family = HistogramMetricFamily(name, words, labels=labels)
    for values, each in rows:
        bounds = [*(str(float(bound)) for bound in each.bounds), "+Inf"]
        buckets = list(zip(bounds, accumulate(each.counts), strict=True))
        family.add_metric(values, buckets, each.sum)
    return family
