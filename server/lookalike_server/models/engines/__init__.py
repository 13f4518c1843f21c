"""Finds the engines, by entry point (`lookalike.engines`), without importing the libraries that they run on.

An engine's class is called with a Network and a number of threads, and meets `protocol.Engine`.
"""

from collections.abc import Sequence
from importlib.util import find_spec

from lookalike_server import plugins
from lookalike_server.errors import EngineMissing
from lookalike_server.models.network import Network
from lookalike_server.models.protocol import Engine

GROUP = "lookalike.engines"

LIBRARIES = {"ncnn": "ncnn", "onnx": "onnxruntime", "tensorflow": "tensorflow"}
"""The library under each built-in engine, fastest first: `python -m benchmarks.engines MODEL` measures them."""
EXTRAS = {"ncnn": "ncnn", "onnx": "server", "tensorflow": "server"}
"""What installs it."""


def installed(network: Network | None = None) -> Sequence[str]:
    """Names of the engines that can run a network here: the built-in ones, fastest first, then other packages'.

    Without a network: those that run any.
    """
    known = plugins.names(GROUP)
    built_in = [name for name, library in LIBRARIES.items() if name in known and find_spec(library)]
    if network is None or network.param is None:
        built_in = [name for name in built_in if name != "ncnn"]
    return [*built_in, *(name for name in known if name not in LIBRARIES)]


def load(name: str, network: Network, *, threads: int) -> Engine:
    """Load a network into the engine of this name, or into the fastest one installed where the name is `auto`.

    Raises EngineMissing when there is no such engine, when it does not run this network or its package cannot be
    imported, and ModelFileError when the network's files are damaged.
    """
    names = installed(network)
    if name == "auto" and names:
        name = names[0]
    if name not in names:
        raise EngineMissing(advice(name))
    engine: Engine = plugins.load(GROUP, name, EngineMissing)(network, threads)
    return engine


def advice(name: str) -> str:
    """What to do about an engine that is not there."""
    if name == "auto":
        return 'No engine is installed. Run: pip install "lookalike[server]"'
    if name in LIBRARIES and find_spec(LIBRARIES[name]):
        return f"Engine {name!r} does not run this model: choose another, or auto."
    if name in LIBRARIES:
        return f'Engine {name!r} needs {LIBRARIES[name]}. Run: pip install "lookalike[{EXTRAS[name]}]"'
    return f"There is no engine {name!r}; installed: {', '.join(installed()) or 'none'}."
