"""Models and engines are found by entry point: ours, and a stranger's."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lookalike_server.errors import EngineMissing, ModelFileError
from lookalike_server.models import engines, registry

STRANGER = """
from lookalike_server.models.tiny import TinyModel

class Stranger(TinyModel):
    def __init__(self, argument):
        self.id = f"stranger-{argument}"
"""

ENTRY_POINTS = """
[lookalike.models]
stranger = stranger_models:Stranger
[lookalike.engines]
abacus = stranger_models:Abacus
"""

Install = Callable[[str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs a package of someone else's, with this code in it."""

    def write(code: str) -> None:
        (tmp_path / "stranger_models.py").write_text(code)
        info = tmp_path / "stranger_models-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger-models\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(ENTRY_POINTS)
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, "stranger_models", raising=False)

    return write


def test_the_built_in_models_are_available() -> None:
    assert {"efficientnet-lite0", "tiny"} <= set(registry.available())


def test_a_strangers_model_is_found_and_given_its_argument(install: Install) -> None:
    install(STRANGER)
    assert "stranger" in registry.available()
    assert registry.load("stranger:/data/a:b.h5").id == "stranger-/data/a:b.h5"
    assert registry.load("stranger").id == "stranger-"


def test_an_unknown_model_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ModelFileError, match=r"no 'vgg99'.*models.*efficientnet-lite0.*tiny"):
        registry.load("vgg99")


@pytest.mark.parametrize("code", ["import no_such_library", "1 / 0", "not Python", "pass"])
def test_a_stranger_that_cannot_be_imported_says_why_and_hides_nobody(install: Install, code: str) -> None:
    install(code)
    assert {"stranger", "tiny"} <= set(registry.available())
    assert registry.load("tiny").name == "tiny"
    with pytest.raises(ModelFileError, match=r"'stranger' .*stranger_models.* cannot be imported: \w+: "):
        registry.load("stranger")
    model = registry.load("efficientnet-lite0")
    assert model.engine("auto", threads=1).name == model.engines()[0] != "abacus"
    with pytest.raises(EngineMissing, match=r"'abacus' .*stranger_models.* cannot be imported: \w+: "):
        model.engine("abacus", threads=1)


def test_a_strangers_engine_stands_behind_the_built_in_ones(install: Install) -> None:
    built_in = engines.installed()
    install(STRANGER)
    assert engines.installed() == [*built_in, "abacus"]


def test_looking_for_engines_imports_none() -> None:
    probe = (
        "import sys; from lookalike_server.models import engines; print(*engines.installed());"
        f"print(*[name for name in {sorted(engines.LIBRARIES.values())} if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines() == [" ".join(engines.installed()), ""]
