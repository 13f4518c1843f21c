"""A span of OpenTelemetry for each call, where the program that uses the SDK traces itself.

Such a program has imported `opentelemetry.trace`: where it has not, nothing is imported here either, and a call costs
one look into `sys.modules`. The span is the current one's child, by the program's own tracer provider, and travels to
the server in the call's metadata (W3C `traceparent`), so that the server's spans join it.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from lookalike.errors import LookalikeError

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, Tracer, TracerProvider


@dataclass(frozen=True, slots=True)
class Traced:
    """A call under way: what goes into its metadata, and the context in which its span is the current one."""

    metadata: tuple[tuple[str, str], ...] = ()
    context: "Context | None" = None


UNTRACED = Traced()


@contextmanager
def traced(rpc: str, within: Traced = UNTRACED) -> Iterator[Traced]:
    """A span while the block runs, below the span of `within` or else the program's; an error that leaves fails it."""
    if "opentelemetry.trace" not in sys.modules:
        yield UNTRACED
        return
    span, call = _begun(rpc, within)
    try:
        yield call
    except GeneratorExit:  # the user has enough of a stream: that is no failure
        raise
    except BaseException as error:
        _failed(span, error)
        raise
    finally:
        span.end()


def _begun(rpc: str, within: Traced) -> "tuple[Span, Traced]":
    from opentelemetry import propagate, trace  # noqa: PLC0415 - only where it is in use

    method = _methods()[rpc]
    facts = {"rpc.system.name": "grpc", "rpc.method": method}
    tracer = _tracer(trace.get_tracer_provider())
    span = tracer.start_span(method, within.context, trace.SpanKind.CLIENT, facts)
    context = trace.set_span_in_context(span, within.context)
    headers: dict[str, str] = {}
    propagate.inject(headers, context)
    return span, Traced(tuple((name.lower(), value) for name, value in headers.items()), context)


def _failed(span: "Span", error: BaseException) -> None:
    from opentelemetry.trace import StatusCode  # noqa: PLC0415 - only where it is in use

    span.set_attribute("error.type", error.reason if isinstance(error, LookalikeError) else type(error).__name__)
    if isinstance(error, LookalikeError):
        span.set_attribute("rpc.response.status_code", error.code)
    span.set_status(StatusCode.ERROR, str(error))


@cache
def _tracer(provider: "TracerProvider") -> "Tracer":
    return provider.get_tracer("lookalike")


@cache
def _methods() -> dict[str, str]:
    """Full names of the rpcs."""
    from lookalike.v1 import collection_service_pb2, image_service_pb2, search_service_pb2  # noqa: PLC0415

    files = (collection_service_pb2, image_service_pb2, search_service_pb2)
    services = [service for file in files for service in file.DESCRIPTOR.services_by_name.values()]
    return {method.name: f"{service.full_name}/{method.name}" for service in services for method in service.methods}
