import pytest

from lookalike_server import plugins
from lookalike_server.catalog.index import ExactIndex


def test_loads_what_is_registered() -> None:
    assert plugins.load("lookalike.indexes", "exact") is ExactIndex


def test_says_which_names_there_are() -> None:
    with pytest.raises(plugins.PluginNotFound, match="exact, hnsw"):
        plugins.load("lookalike.indexes", "magic")
    with pytest.raises(plugins.PluginNotFound, match="none"):
        plugins.load("lookalike.nothing", "magic")
