"""The options that say which images may match, in `lookalike search`."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from tests.cli.shell import Run

from lookalike import Client, Embedded, Location, Source

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
PLACES = [Location(38.7223, -9.1393), Location(41.15, -8.63), Location(-33.857, 151.21), None]


def image_id(number: int) -> str:
    return f"{number:064x}"


@pytest.fixture(scope="module", autouse=True)
def brought(target: str) -> None:
    """Four images: from Lisbon, Porto, Sydney and from nobody knows where, a day apart."""
    with Client(target) as looks:
        images = [
            Embedded(
                image_id(number),
                np.eye(64)[number],
                source=Source(f"/{'odd' if number % 2 else 'even'}/{number}.jpg"),
                labels={"n": str(number)},
                captured=NOON + timedelta(days=number),
                location=place,
            )
            for number, place in enumerate(PLACES)
        ]
        done = list(looks.import_embedded(images, collection="places", model_id="tiny-1"))
        assert {each.error for each in done} == {None}


def found(run: Run, *options: str) -> set[int]:
    done = run("search", f"id:{image_id(3)}", "-c", "places", "--json", *options)
    assert done.exit_code == 0, done.stderr
    return {int(match["image"]["id"], 16) for match in json.loads(done.stdout)["matches"]}


ADMITTED = [
    ([], {0, 1, 2}),
    (["--box", "36,-10,44,4"], {0, 1}),
    (["--box", "-90,-180,90,180"], {0, 1, 2}),
    (["--near", "38.7,-9.1,10"], {0}),
    (["--near", "-33.8,151.2,10"], {2}),
    (["--source", "/odd/1.jpg", "--source", "/even/2.jpg"], {1, 2}),
    (["--taken-after", "2024-05-02"], {1, 2}),
    (["--taken-before", "2024-05-02T00:00:00"], {0}),
    (
        ["--filter", '{"anyOf": [{"labels": {"n": "0"}}, {"geo_box": {"south": -40, "west": 150, "east": 152}}]}'],
        {0, 2},
    ),
    (["--filter", '{"noneOf": [{"labels": {"n": "0"}}]}', "--box", "36,-10,44,4"], {1}),
    (["--filter", '{"notSameFolder": true}'], {0, 2}),
    (["--filter", '{"labels": {"n": "0"}}', "--not-same-folder"], {0}),
    (["--filter", '{"captureTime": {"start": "2024-05-02T00:00:00Z"}, "sourcePaths": ["/odd/1.jpg"]}'], {1}),
]


@pytest.mark.parametrize(("options", "admitted"), ADMITTED, ids=str)
def test_options_admit(run: Run, options: list[str], admitted: set[int]) -> None:
    assert found(run, *options) == admitted


def test_a_filter_is_read_from_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "filter.json").write_text('{"image_ids": ["' + image_id(1) + '"]}')
    assert found(run, "--filter", f"@{tmp_path / 'filter.json'}") == {1}


WRONG = [
    (["--box", "1,2,3"], "S,W,N,E"),
    (["--near", "Lisbon"], "LAT,LON,KM"),
    (["--near", "0,0,1", "--box", "0,0,1,1"], "not both"),
    (["--filter", "{"], "no lookalike.v1.Filter"),
    (["--filter", '{"label": {}}'], 'no field named "label"'),
    (["--filter", '{"any_of": [{"geo_box": {"south": "Lisbon"}}]}'], "any_of"),
    (["--filter", "@nowhere.json"], "cannot be read"),
    (["--near", "95,0,1"], "--near: a latitude runs from -90 to 90 degrees; 95.0 does not"),
    (["--near", "0,190,1"], "a longitude runs from -180 to 180 degrees; 190.0 does not"),
    (["--near", "0,0,-1"], "0 kilometres or more, not -1.0"),
    (["--near", "nan,0,1"], "a latitude"),
    (["--near", "0,0,nan"], "0 kilometres or more, not nan"),
    (["--taken-after", "yesterday"], "'--taken-after': yesterday is no time such as 2024-05-01"),
    (["--taken-before", "2024"], "2024 is no time such as 2024-05-01"),
]


@pytest.mark.parametrize(("options", "told"), WRONG, ids=str)
def test_what_is_wrong_is_named(run: Run, options: list[str], told: str) -> None:
    done = run("search", f"id:{image_id(3)}", "-c", "places", *options)
    assert done.exit_code == 2
    assert told in " ".join(done.stderr.replace("│", " ").split())


def test_the_server_names_what_it_refuses(run: Run) -> None:
    done = run("search", f"id:{image_id(3)}", "-c", "places", "--box", "5,0,0,0")
    assert done.exit_code == 1
    assert "BAD_FILTER" in done.stderr
    assert "south" in done.stderr


def test_a_record_shows_where_it_was_taken(run: Run) -> None:
    shown = run("show", image_id(2), "-c", "places").stdout
    assert any(line.split() == ["taken", "at", "-33.857000,", "151.210000"] for line in shown.splitlines()), shown
    assert "taken at" not in run("show", image_id(3), "-c", "places").stdout
    record = json.loads(run("show", image_id(2), "-c", "places", "--json").stdout)
    assert record["location"] == {"latitude": -33.857, "longitude": 151.21}
