import argparse
from pathlib import Path

import pytest

from lookalike_server.config import ConfigError, Settings, add_flags, settings


def chosen(*flags: str, environment: dict[str, str] | None = None) -> Settings:
    parser = argparse.ArgumentParser()
    add_flags(parser)
    return settings(parser.parse_args(flags), environment or {})


def test_defaults_are_safe() -> None:
    made = chosen()
    assert made.address.startswith("127.0.0.1:")
    assert made.metrics_address == ""
    assert made.model == ("deepranking-lite0",)
    assert made.cores >= 1


def test_a_flag_beats_the_environment_beats_the_file(tmp_path: Path) -> None:
    file = tmp_path / "lookalike.toml"
    file.write_text('model = "file"\nengine = "file"\nindex = "file"\n')
    environment = {"LOOKALIKE_CONFIG": str(file), "LOOKALIKE_MODEL": "environment", "LOOKALIKE_ENGINE": "environment"}
    made = chosen("--model", "flag", environment=environment)
    assert (made.model, made.engine, made.index) == (("flag",), "environment", "file")
    assert chosen("--config", str(file)).model == ("file",)


def test_values_take_their_fields_type(tmp_path: Path) -> None:
    file = tmp_path / "lookalike.toml"
    file.write_text("max_batch = 4\nmax_wait_seconds = 2\n")
    made = chosen("--config", str(file), "--data", "x", "--threads", "2")
    assert (made.max_batch, made.max_wait_seconds, made.data, made.cores) == (4, 2.0, Path("x"), 2)


@pytest.mark.parametrize(
    ("written", "meant"),
    [('"a, b:x"', ("a", "b:x")), ('["a", "b:x,y"]', ("a", "b:x,y"))],
)
def test_several_models_are_a_list_or_a_text_with_commas(tmp_path: Path, written: str, meant: tuple[str, ...]) -> None:
    file = tmp_path / "lookalike.toml"
    file.write_text(f"model = {written}\n")
    assert chosen("--config", str(file)).model == meant
    assert chosen(environment={"LOOKALIKE_MODEL": "a,b"}).model == ("a", "b")
    assert chosen("--model", "a:x,y", "--model", "b").model == ("a:x,y", "b")


@pytest.mark.parametrize("written", ["7", "[7]", "[]", '"a,"'])
def test_what_names_no_models_is_refused(tmp_path: Path, written: str) -> None:
    file = tmp_path / "lookalike.toml"
    file.write_text(f"model = {written}\n")
    with pytest.raises(ConfigError, match="model"):
        chosen("--config", str(file))


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--max-batch", "0"], "max_batch must be at least 1"),
        (["--max-batch", "many"], "max_batch must be of type int"),
        (["--tls-cert", "a.pem"], "give both"),
        (["--log-format", "xml"], "text or json"),
        (["--order", "random"], "lanes or arrival"),
        (["--config", "/does/not/exist"], "cannot read"),
    ],
)
def test_what_cannot_be_used_is_named(flags: list[str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        chosen(*flags)


def test_a_file_with_an_unknown_key_or_broken_syntax_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "lookalike.toml"
    file.write_text("modell = 1\n")
    with pytest.raises(ConfigError, match="modell"):
        chosen("--config", str(file))
    file.write_text("model = \n")
    with pytest.raises(ConfigError, match="cannot read"):
        chosen("--config", str(file))


def test_every_setting_has_words() -> None:
    parser = argparse.ArgumentParser()
    add_flags(parser)
    text = parser.format_help()
    for name in Settings.__dataclass_fields__:
        assert "--" + name.replace("_", "-") in text
