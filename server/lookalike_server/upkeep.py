"""The commands that look after a data folder: `backup`, `restore` and `verify`. Reports leave as JSON."""

import argparse
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lookalike_server.catalog.archive import DATABASE, Manifest
from lookalike_server.catalog.backup import backup as back_up
from lookalike_server.catalog.catalog import Catalog
from lookalike_server.catalog.repair import Repair, repair
from lookalike_server.catalog.restore import checked
from lookalike_server.catalog.restore import restore as bring_back
from lookalike_server.config import ConfigError, Settings, add_flags, settings
from lookalike_server.errors import DamagedCatalog
from lookalike_server.hosting import load_models

INTERRUPTED = 130
_NICENESS = 10
PATIENCE = 2.0  # seconds after which a person wants to know how far it is


def add_backup(added: argparse.ArgumentParser) -> None:
    """The flags of `backup`."""
    added.add_argument("file", metavar="FILE", type=Path, help="backup to write")
    added.add_argument("--force", action="store_true", help="replace the file when it is there already")
    add_flags(added, only=("data",))


def add_restoring(added: argparse.ArgumentParser) -> None:
    """The flags of `restore`."""
    added.add_argument("file", metavar="FILE", type=Path, help="backup to restore")
    added.add_argument("--check", action="store_true", help="only check the file, to the last bit")
    added.add_argument("--force", action="store_true", help="move a catalog that is there aside, within its folder")
    add_flags(added, only=("data",))


def add_verifying(added: argparse.ArgumentParser) -> None:
    """The flags of `verify`."""
    added.add_argument("--repair", action="store_true", help="mend what can be mended, and say what was done")
    added.add_argument("--no-copy", action="store_true", help="keep no copy of the database as it was before")
    add_flags(added, only=("data", "model", "index"))


def backup(flags: argparse.Namespace) -> int:
    """Copy the catalog of a running or stopped server to one file, of one moment; exit code 1 if it is not whole."""
    os.nice(_NICENESS)
    with watched() as progress:
        manifest = back_up(settings(flags).data, flags.file, progress, overwrite=flags.force)
    print_json({"file": str(flags.file), **_told(manifest)})
    return 1 if manifest.findings else 0


def restore(flags: argparse.Namespace) -> int:
    """Bring a backup's catalog back into an empty data folder, once every bit of the file is checked."""
    if flags.check:
        with watched() as progress:
            manifest = checked(flags.file, progress)
        print_json({"file": str(flags.file), "sound": True, **_told(manifest)})
        return 0
    folder = settings(flags).data
    with watched() as progress:
        manifest, moved = bring_back(flags.file, folder, progress, replace=flags.force)
    report = {"data": str(folder), "moved_aside": str(moved) if moved else None}
    print_json({"file": str(flags.file), **report, **_told(manifest)})
    return 0


def verify(flags: argparse.Namespace) -> int:
    """Check that the catalog of a stopped server is whole: store, vectors and index agree. --repair mends it."""
    chosen = settings(flags)
    if not (chosen.data / DATABASE).is_file():  # to open it would make one
        raise ConfigError(f"no catalog in {chosen.data}: name a server's data folder with --data")
    report: dict[str, Any] = {"data": str(chosen.data)}
    try:
        if flags.repair:
            report |= _repaired(repair(chosen.data, copy=not flags.no_copy))
        report |= _with_graphs(chosen, report.get("repaired"))
    except DamagedCatalog as error:
        report |= {"whole": False, "findings": [str(error)], "unchecked_graphs": []}
    print_json(report)
    return 0 if report["whole"] else 1


def _repaired(done: Repair) -> dict[str, Any]:
    return {
        "repaired": done.done,
        "removed_images": [asdict(lost) for lost in done.lost],
        "copy": str(done.copy) if done.copy else None,
    }


def _with_graphs(chosen: Settings, repaired: list[str] | None) -> dict[str, Any]:
    """What is wrong; where a repair is under way, whose list is given, graphs that are not right are built anew."""
    before = _snapshots(chosen.data)
    found = _findings(chosen)
    if repaired is not None:
        gone = sorted(before - _snapshots(chosen.data))
        repaired += [f"removed indexes/{name}: damaged, stray or outdated" for name in gone]
        if found["findings"]:
            shutil.rmtree(chosen.data / "indexes", ignore_errors=True)
            repaired.append("removed all saved graphs, and built them anew")
            found = _findings(chosen)
    return found


def _findings(chosen: Settings) -> dict[str, Any]:
    models = {model.id: model.dim for model in load_models(chosen)}
    with Catalog(chosen.data, models=models, index=chosen.index) as catalog:
        findings, unchecked = catalog.verify(), catalog.unserved()
    return {"whole": not findings, "findings": findings, "unchecked_graphs": unchecked}


def _snapshots(folder: Path) -> set[str]:
    indexes = folder / "indexes"
    return {str(path.relative_to(indexes)) for path in indexes.rglob("*") if path.is_file()}


def _told(manifest: Manifest) -> dict[str, Any]:
    return {"images": manifest.image_count, **asdict(manifest)}


def print_json(report: dict[str, Any]) -> None:
    """Print a report."""
    print(json.dumps(report, indent=2))


@contextmanager
def watched() -> Iterator["Progress"]:
    """Long work that may be stopped, by Ctrl-C or SIGTERM: whatever it began has been removed when the command ends."""
    progress = Progress()
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield progress
    except KeyboardInterrupt:
        progress.clear()
        print("lookalike: stopped; nothing was changed", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None
    finally:
        progress.clear()
        signal.signal(signal.SIGTERM, before)


class Progress:
    """One line on a terminal that says what goes on and how far it is, drawn once it takes longer than two seconds."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._drawn = False

    def __call__(self, doing: str, share: float) -> None:
        """So much of this is done."""
        if sys.stderr.isatty() and time.monotonic() - self._began > PATIENCE:
            self._drawn = True
            print(f"\r\x1b[K{doing} {share:.0%}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Takes the line away."""
        if self._drawn:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._drawn = False
