"""The server's settings: one frozen object, filled from flags, the environment and a file.

Each field is a flag `--some-name`, a variable `LOOKALIKE_SOME_NAME` and a key `some_name` of the TOML file that
`--config` (or `LOOKALIKE_CONFIG`) names; the first of these that is given wins, else the default stands. A field of
several values is a flag that may be repeated, or a list, or one text with commas.
"""

import argparse
import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

DEFAULT_ADDRESS = "127.0.0.1:50051"


class ConfigError(Exception):
    """A setting that cannot be used; the message names it and says what would do."""


def about(words: str, at_least: float | None = None) -> dict[str, Any]:
    """What a field carries along: the words of its flag and its lower bound."""
    return {"words": words, "at_least": at_least}


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set; see each field's words by `lookalike serve --help`."""

    data: Path = field(default=Path("lookalike-data"), metadata=about("folder of the catalog; serve makes it"))
    address: str = field(default=DEFAULT_ADDRESS, metadata=about("HOST:PORT to listen on; port 0 takes a free one"))
    model: tuple[str, ...] = field(
        default=("deepranking-lite0",),
        metadata=about("model to serve: NAME or NAME:ARGUMENT; may be repeated, new collections get the first"),
    )
    engine: str = field(
        default="auto", metadata=about("auto (the fastest installed), onnx or tensorflow; for the model seed also ncnn")
    )
    scenes: str = field(
        default="auto", metadata=about("who tells scenes: auto (the model), none, or the PATH of a classifier's TOML")
    )
    index: str = field(default="hnsw", metadata=about("hnsw, or exact (compares every vector: slow above 100,000)"))
    recall_target: float = field(
        default=0.99, metadata=about("share of the true 10 nearest that searches shall find, 0 to 1", 0)
    )
    threads: int = field(default=0, metadata=about("cores for the network and for decoding; 0: all", 0))
    max_image_bytes: int = field(default=64 * 2**20, metadata=about("bytes of one encoded picture", 1))
    max_image_pixels: int = field(default=128_000_000, metadata=about("width times height of one picture", 1))
    max_batch: int = field(default=16, metadata=about("pictures in one forward pass", 1))
    max_waiting_images: int = field(default=1024, metadata=about("pictures of people that may be under way", 1))
    max_waiting_bytes: int = field(
        default=256 * 2**20, metadata=about("bytes of pictures that may wait: half for imports, half for searches", 1)
    )
    max_wait_seconds: float = field(
        default=2.0, metadata=about("longest predicted wait before pictures of searches are refused", 0)
    )
    order: str = field(
        default="lanes", metadata=about("lanes (searches before imports) or arrival (first come first served)")
    )
    metrics_address: str = field(default="", metadata=about("HOST:PORT for Prometheus; empty: no metrics port"))
    tls_cert: str = field(default="", metadata=about("PEM file of the certificate chain; with --tls-key: TLS only"))
    tls_key: str = field(default="", metadata=about("PEM file of the private key"))
    token: str = field(
        default="", metadata=about("bearer token that every call must bear (better given as LOOKALIKE_TOKEN)")
    )
    drain_seconds: float = field(default=30.0, metadata=about("time that running calls get to finish on SIGTERM", 0))
    log_format: str = field(default="text", metadata=about("text or json, one line an event, on standard error"))

    def __post_init__(self) -> None:
        for each in fields(self):
            bound = each.metadata["at_least"]
            if bound is not None and not getattr(self, each.name) >= bound:  # a NaN too
                raise ConfigError(f"{each.name} must be at least {bound}")
        if not (self.model and all(self.model)):
            raise ConfigError("model names no model, or has a comma too many: give NAME or NAME:ARGUMENT")
        if bool(self.tls_cert) != bool(self.tls_key):
            raise ConfigError("tls_cert and tls_key go together: give both")
        if self.recall_target > 1:
            raise ConfigError("recall_target is a share, at most 1; for 1, --index exact compares every vector")
        if self.log_format not in ("text", "json"):
            raise ConfigError("log_format is text or json")
        if self.order not in ("lanes", "arrival"):
            raise ConfigError("order is lanes or arrival")

    @property
    def cores(self) -> int:
        """Cores to use: as many as this process may run on, unless told otherwise."""
        return self.threads or len(os.sched_getaffinity(0))


def add_flags(parser: argparse.ArgumentParser, only: Sequence[str] = ()) -> None:
    """Give the parser a flag for each setting, or for those named, and `--config`."""
    parser.add_argument("--config", metavar="FILE", help="TOML file of settings (LOOKALIKE_CONFIG)")
    for each in (each for each in fields(Settings) if not only or each.name in only):
        default = ",".join(each.default) if isinstance(each.default, tuple) else each.default
        parser.add_argument(
            flag(each),
            metavar=each.name.upper(),
            action="append" if isinstance(each.default, tuple) else "store",
            help=each.metadata["words"] + (f" (default: {default})" if default != "" else ""),
        )


def settings(flags: argparse.Namespace, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings that flags, environment and file give together. Raises ConfigError."""
    path = flags.config or environment.get("LOOKALIKE_CONFIG")
    written = read_toml(Path(path)) if path else {}
    values: dict[str, Any] = {}
    for each in fields(Settings):
        given = (
            getattr(flags, each.name, None),
            environment.get(f"LOOKALIKE_{each.name.upper()}"),
            written.get(each.name),
        )
        values[each.name] = next((value for value in given if value is not None), each.default)
    return filled(values)


def filled(values: Mapping[str, Any]) -> Settings:
    """The settings with these values, each brought into its field's type. Raises ConfigError."""
    kinds = {each.name: each for each in fields(Settings)}
    return Settings(**{name: convert(kinds[name], value) for name, value in values.items()})


def read_toml(path: Path) -> dict[str, Any]:
    """The file's keys, all of them settings."""
    try:
        written = tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from error
    unknown = written.keys() - {each.name for each in fields(Settings)}
    if unknown:
        raise ConfigError(f"{path} has unknown settings: {', '.join(sorted(unknown))}")
    return written


def convert(each: Field[Any], value: object) -> Any:
    """The value in its field's type; one text for a field of several is split at its commas."""
    if isinstance(each.default, tuple):
        several = value.split(",") if isinstance(value, str) else value
        if not isinstance(several, list | tuple) or not all(isinstance(one, str) for one in several):
            raise ConfigError(f"{each.name} must be a text or a list of texts, not {value!r}")
        return tuple(one.strip() for one in several)
    kind: Callable[[Any], object] = type(each.default)
    try:
        return kind(value)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{each.name} must be of type {kind.__name__}, not {value!r}") from error


def flag(each: Field[Any]) -> str:
    """The field's flag."""
    return "--" + each.name.replace("_", "-")
