"""Spans of OpenTelemetry, where they are wanted: a call, an item of a stream, and the stages that each went through.

They are wanted where this process has a tracer provider: `exported` makes one for `lookalike serve` from the standard
OTEL_* variables, a program that runs the server inside has its own. Nothing of OpenTelemetry is imported before that,
and a call that nobody wants traced costs one comparison. A stage's span is made when it is over, from its clock.
"""

import logging
import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lookalike_server.config import ConfigError
from lookalike_server.errors import LookalikeError

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, SpanKind, Tracer

log = logging.getLogger("lookalike.tracing")

SCOPE = "lookalike_server"
LAST_SPANS_SECONDS = 2.0
"""Time for the last spans to leave."""
ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
INSTALL = 'pip install "lookalike[otel]"'


class Trace:
    """One span under way, a call's or an item's; times are of `time.perf_counter`."""

    def __init__(self, tracer: "Tracer", span: "Span", context: "Context") -> None:
        """`context` is the one in which the span is the current one."""
        self._tracer = tracer
        self._span = span
        self._context = context
        self._epoch = time.time_ns() - time.perf_counter_ns()

    @property
    def id(self) -> str:
        """The trace's id, 32 hexadecimal digits."""
        return f"{self._span.get_span_context().trace_id:032x}"

    def stage(self, name: str, start: float, end: float) -> None:
        """A stage is over."""
        span = self._tracer.start_span(name, self._context, start_time=self._at(start))
        span.end(self._at(end))

    def item(self, name: str) -> "Trace | None":
        """A span within this one; None when the sampler does not want it."""
        return opened(self._tracer, name, self._context)

    def end(self, failure: LookalikeError | None) -> None:
        """It is answered, or has failed."""
        self._span.set_attribute("rpc.response.status_code", failure.code if failure else "OK")
        if failure is not None:
            from opentelemetry.trace import StatusCode  # noqa: PLC0415 - is there, since there is a span

            self._span.set_attribute("error.type", failure.reason)
            self._span.set_status(StatusCode.ERROR, failure.message)
        self._span.end()

    def _at(self, moment: float) -> int:
        """Nanoseconds since 1970."""
        return self._epoch + round(moment * 1e9)


class Tracing:
    """Makes the spans of calls."""

    def __init__(self, tracer: "Tracer") -> None:
        from opentelemetry import propagate, trace  # noqa: PLC0415 - only where calls are traced

        self._tracer = tracer
        self._extract = propagate.extract
        self._kind = trace.SpanKind.SERVER

    def call(self, method: str, metadata: Iterable[tuple[str, str | bytes]]) -> Trace | None:
        """The span of a call, below its caller's (W3C `traceparent`); None when the sampler does not want it."""
        headers = {key: value for key, value in metadata if isinstance(value, str)}
        facts = {"rpc.system.name": "grpc", "rpc.method": method}
        return opened(self._tracer, method, self._extract(headers), self._kind, facts)


def opened(
    tracer: "Tracer",
    name: str,
    context: "Context",
    kind: "SpanKind | None" = None,
    facts: Mapping[str, str] | None = None,
) -> Trace | None:
    """A span that has begun now."""
    from opentelemetry.trace import SpanKind, set_span_in_context  # noqa: PLC0415 - only where calls are traced

    span = tracer.start_span(name, context, kind or SpanKind.INTERNAL, facts)
    return Trace(tracer, span, set_span_in_context(span, context)) if span.is_recording() else None


def tracing() -> Tracing | None:
    """What makes spans; None unless this process has a tracer provider."""
    api: Any = sys.modules.get("opentelemetry.trace")
    if api is None or isinstance(api.get_tracer_provider(), api.ProxyTracerProvider):
        return None
    return Tracing(api.get_tracer(SCOPE))


def is_asked_for(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the standard variables name a collector."""
    names_one = any(environment.get(name) for name in ENDPOINTS)
    return names_one and environment.get("OTEL_TRACES_EXPORTER", "otlp") != "none"


@contextmanager
def exported() -> Iterator[None]:
    """Send this process's spans to the collector that the environment names, if it does, while the block runs."""
    provider = provided() if is_asked_for() else None
    try:
        yield
    finally:
        if provider is not None:
            # A collector that does not answer must not keep the process: what it has not taken by then is lost.
            leaving = threading.Thread(target=provider.shutdown, daemon=True)
            leaving.start()
            leaving.join(LAST_SPANS_SECONDS)


def provided() -> Any:
    """A tracer provider of the SDK for this process; None, with a warning, where the extra is not installed."""
    try:
        from opentelemetry import trace  # noqa: PLC0415 - optional
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError as error:
        log.warning("traces are asked for and not sent: install them", extra={"missing": error.name, "by": INSTALL})
        return None
    try:
        exporter = OTLPSpanExporter()
        processor = BatchSpanProcessor(exporter)
        resource = Resource.create()
    except Exception as error:  # whatever its packages make of a value that they cannot use
        raise ConfigError(f"traces cannot be sent: {error}; look at the variables that begin with OTEL_") from error
    if str(resource.attributes["service.name"]).startswith("unknown_service"):
        resource = resource.merge(Resource({"service.name": "lookalike"}))
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(processor)
    trace.set_tracer_provider(provider)
    return provider
