"""Run as a program by test_crash: adds, and now and then deletes, images; says what was acknowledged, until killed."""

import sys
from pathlib import Path

from tests.catalog.catalog_makers import arrival, image_id, open_catalog


def main(folder: Path, first: int) -> None:
    catalog = open_catalog(folder, small=20, save_every=40)
    print("ready", flush=True)
    for number in range(first, first + 1_000_000, 5):
        catalog.add([arrival(one, path=f"/{one}") for one in range(number, number + 5)])
        print(f"added {number}", flush=True)
        if number % 15 == 0:
            catalog.delete_images("c", [image_id(number)])
            print(f"deleted {number}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
