"""The photographs that Python packages ship, found without importing those packages.

Only photographs, and only files that lie inside the packages: nothing is downloaded. Licences are given as the package
states them beside the picture.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

from lookalike.pictures import find


@dataclass(frozen=True, slots=True)
class Photograph:
    """One photograph and where it comes from."""

    name: str
    path: Path
    origin: str
    licence: str


UNSTATED = "not stated"
SCIKIT_IMAGE = ("scikit-image", "skimage", "data")
SCIKIT_LEARN = ("scikit-learn", "sklearn", "datasets/images")
MATPLOTLIB = ("matplotlib", "matplotlib", "mpl-data/sample_data")

SHIPPED = (
    ("china", SCIKIT_LEARN, "china.jpg", "CC BY 2.0"),
    ("flower", SCIKIT_LEARN, "flower.jpg", "CC BY 2.0"),
    ("hopper", MATPLOTLIB, "grace_hopper.jpg", UNSTATED),
    ("astronaut", SCIKIT_IMAGE, "astronaut.png", "public domain"),
    ("cameraman", SCIKIT_IMAGE, "camera.png", "CC0"),
    ("cat", SCIKIT_IMAGE, "chelsea.png", "CC0"),
    ("coffee", SCIKIT_IMAGE, "coffee.png", "CC0"),
    ("coins", SCIKIT_IMAGE, "coins.png", "no known restrictions"),
    ("galaxies", SCIKIT_IMAGE, "hubble_deep_field.jpg", "public domain"),
    ("moon", SCIKIT_IMAGE, "moon.png", UNSTATED),
    ("motorcycle", SCIKIT_IMAGE, "motorcycle_left.png", UNSTATED),
    ("retina", SCIKIT_IMAGE, "retina.jpg", "CC0"),
    ("rocket", SCIKIT_IMAGE, "rocket.jpg", "public domain"),
)
SECOND_VIEW = ("motorcycle", SCIKIT_IMAGE, "motorcycle_right.png", UNSTATED)
"""The same motorcycle, taken at the same moment by a second camera 19 cm to the right."""

Shipped = tuple[str, tuple[str, str, str], str, str]


def shipped() -> list[Photograph]:
    """Return the photographs of the packages that are installed."""
    return [photograph for item in SHIPPED if (photograph := _find(item)) is not None]


def second_view() -> Photograph | None:
    """Return the motorcycle from the second camera, where its package is installed."""
    return _find(SECOND_VIEW)


def in_folder(folder: Path, most: int) -> list[Photograph]:
    """Return at most `most` pictures of a folder and its subfolders, by path."""
    paths = islice(find(folder), most)
    return [
        Photograph(f"{number:02} {path.stem}", path, str(path.parent), "yours") for number, path in enumerate(paths, 1)
    ]


def _find(item: Shipped) -> Photograph | None:
    name, (package, module, folder), file, licence = item
    spec = find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(spec.submodule_search_locations[0], folder, file)
    return Photograph(name, path, package, licence) if path.is_file() else None
