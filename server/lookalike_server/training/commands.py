"""The commands `train` and `evaluate`: flags enter, a model's folder or tables leave.

TensorFlow is imported when training begins, and no sooner: help and `evaluate` on ONNX Runtime stay quick.
"""

import argparse
import json
import logging
from importlib.util import find_spec
from pathlib import Path

from lookalike_server.config import add_flags, settings
from lookalike_server.errors import EngineMissing
from lookalike_server.models.architecture import Architecture
from lookalike_server.training.evaluate import evaluate as judge
from lookalike_server.training.recipe import read
from lookalike_server.training.report import tables


def add_evaluating(added: argparse.ArgumentParser) -> None:
    """The flags of `evaluate`."""
    added.add_argument("model", metavar="MODEL", help="model to judge: NAME or NAME:ARGUMENT")
    _add_folders(added)
    added.add_argument("--against", metavar="MODEL", action="append", default=[], help="another model; may be repeated")
    which = added.add_mutually_exclusive_group()
    which.add_argument(
        "--set-aside", action="store_true", help="ask with what training sets aside, a fifth of each kind (default)"
    )
    which.add_argument("--all", action="store_true", dest="everything", help="ask with all pictures")
    added.add_argument("--triplets", type=int, default=10_000, help="triplets a folder (default: 10000)")
    added.add_argument("--copies", type=int, default=1000, help="pictures to look for altered (default: 1000; 0: none)")
    added.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    add_flags(added, only=("engine", "threads"))


def add_training(added: argparse.ArgumentParser) -> None:
    """The flags of `train`; those of the recipe that are given replace what its file says."""
    _add_folders(added)
    added.add_argument("--out", metavar="MODEL", type=Path, required=True, help="folder to write the model to")
    added.add_argument(
        "--scenes",
        metavar="FOLDER",
        type=Path,
        help="the one of the folders whose kinds the model shall tell as scenes",
    )
    added.add_argument("--backbone", default=Architecture.backbone, help="network to stand on (default: %(default)s)")
    added.add_argument(
        "--dim", type=int, default=Architecture.dim, help="length of an embedding (default: %(default)s)"
    )
    added.add_argument(
        "--input-size",
        type=int,
        metavar="PIXELS",
        default=Architecture.input_size[0],
        help="height and width of what the network sees: 112, 128, 224 or 256 (default: %(default)s)",
    )
    added.add_argument("--single-scale", action="store_true", help="leave the low-resolution paths out")
    added.add_argument("--recipe", metavar="JSON", type=Path, help="file of hyper-parameters, as model.json holds them")
    added.add_argument("--epochs", type=int, help="passes over the pictures in which everything is trained")
    added.add_argument("--leave-out", type=int, metavar="KINDS", help="kinds to keep away from training, to judge with")
    added.add_argument("--seed", type=int, help="of everything that is drawn by lot")
    added.add_argument(
        "--mixed-precision", action="store_true", default=None, help="compute in half precision on a GPU"
    )
    added.add_argument("--json", action="store_true", help="print one JSON object at the end")
    add_flags(added, only=("threads",))


def evaluate(flags: argparse.Namespace) -> int:
    """Judge models on folders of kinds: precision, mAP, triplets, altered copies, scenes."""
    models = list(dict.fromkeys([flags.model, *flags.against]))
    asked = {"everything": flags.everything, "triplets": flags.triplets, "copies": flags.copies}
    report = judge(models, flags.folders, settings(flags), **asked)
    print(json.dumps(report, indent=2) if flags.json else tables(report))
    return 0


def train(flags: argparse.Namespace) -> int:
    """Train a model on folders of kinds; the same command again goes on where it was stopped."""
    if find_spec("tensorflow") is None:
        raise EngineMissing('Training needs TensorFlow. Run: pip install "lookalike[train]"')
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("lookalike_server").setLevel(logging.INFO)
    given = {name: getattr(flags, name) for name in ("epochs", "leave_out", "seed", "mixed_precision")}
    recipe = read(flags.recipe, **{name: value for name, value in given.items() if value is not None})
    architecture = Architecture(
        backbone=flags.backbone,
        dim=flags.dim,
        low_resolution=not flags.single_scale,
        input_size=(flags.input_size, flags.input_size),
    )
    from lookalike_server.training.train import train as learn  # noqa: PLC0415 - seconds, and half a gigabyte

    figures = learn(flags.folders, flags.out, architecture, recipe, scenes=flags.scenes, threads=settings(flags).cores)
    report: dict[str, str | float] = {"model": str(flags.out), **figures}
    print(json.dumps(report, indent=2) if flags.json else _told(report))
    return 0


def _add_folders(added: argparse.ArgumentParser) -> None:
    added.add_argument("folders", metavar="FOLDER", nargs="+", type=Path, help="pictures as FOLDER/KIND/PICTURE.jpg")


def _told(report: dict[str, str | float]) -> str:
    lines = [f"{name:<32} {value if isinstance(value, str) else f'{value:.4f}'}" for name, value in report.items()]
    return "\n".join([*lines, f"\nTry it: lookalike serve --model deepranking:{report['model']}"])
