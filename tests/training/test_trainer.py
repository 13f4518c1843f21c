"""The loop's book-keeping: which epochs are trained, when it stops, whose weights are the end, where it goes on."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.pictures import encoded
from tests.training.patterns import pattern

from lookalike_server.models.architecture import Architecture
from lookalike_server.training.batches import Painter
from lookalike_server.training.corpus import NOT_A_SCENE, Labels
from lookalike_server.training.gallery import Gallery
from lookalike_server.training.recipe import Recipe, Weights
from lookalike_server.training.relevance import Mix, Relevance, looks
from lookalike_server.training.standing import BEST, standing
from lookalike_server.training.triplets import TripletSampler

pytestmark = pytest.mark.timeout(400)  # traces networks, beside whatever else a machine has to do

ARCHITECTURE = Architecture(backbone="tiny", dim=8, input_size=(112, 112), low_resolution=False)
GALLERY = Gallery([encoded(pattern(kind, number)) for kind in ("rows", "spots") for number in range(4)])
KINDS = np.repeat([0, 1], 4)
LOOK = np.random.default_rng(0).integers(0, 256, (2, 112, 112, 3), dtype=np.uint8)


def recipe(**members: Any) -> Recipe:
    quiet = Weights(neighbours=0.0, features=0.0)
    return Recipe(**{"triplets": 2, "small_epochs": 0, "rate": 1e-2, "patience": 9, "weights": quiet, **members})


@pytest.fixture(scope="module")
def room() -> Any:
    """Imported late: TensorFlow takes seconds, which other tests do not wait for."""
    pytest.importorskip("tensorflow")
    from lookalike_server.models.keras_backend import keras  # noqa: PLC0415
    from lookalike_server.training import network, objective, trainer  # noqa: PLC0415

    return SimpleNamespace(network=network, objective=objective, trainer=trainer, keras=keras)


class Scripted:
    """Gives out scores in order and remembers what the network gave for one look at each."""

    def __init__(self, *scores: float) -> None:
        self._scores: Iterator[float] = iter(scores)
        self.seen: list[NDArray[np.float32]] = []

    def __call__(self, see: Callable[[NDArray[np.uint8]], Any]) -> tuple[float, dict[str, float]]:
        score = next(self._scores, None)
        if score is None:
            raise KeyboardInterrupt
        self.seen.append(see(LOOK)[0])
        return score, {"mAP": score}


def made(room: Any, folder: Path, chosen: Recipe) -> Any:
    """A run in this folder: its trainer, its network and its objective."""
    room.keras.utils.set_random_seed(1)
    network = room.network.Network(ARCHITECTURE, chosen)
    mean = room.objective.tf.zeros(1)
    objective = room.objective.Objective(2, 8, mean, chosen.weights, chosen.gap)
    seen = [looks(GALLERY.picture(number)) for number in range(8)]
    plain = np.ones((8, 1), np.float32)
    relevance = Relevance(plain, seen, KINDS, Mix(features=0.0, colour=0.6, texture=0.4))
    labels = Labels(KINDS, np.full(8, NOT_A_SCENE))
    trainer = room.trainer.Trainer(
        network,
        objective,
        TripletSampler(KINDS, relevance, chosen.sampling, chosen.seed),
        labels=labels,
        untrained=plain,
        recipe=chosen,
        standing=standing(folder, {"recipe": chosen.as_json()}),
    )
    return SimpleNamespace(trainer=trainer, network=network, objective=objective)


def trained(room: Any, folder: Path, chosen: Recipe, validate: Scripted) -> Any:
    run = made(room, folder, chosen)
    with closing(Painter(GALLERY, ARCHITECTURE.input_size, chosen.seed, 1)) as painter:
        run.trainer.train_all(painter, validate)
    return run


def epochs(run: Any) -> list[int]:
    return [each["epoch"] for each in run.trainer.history]


def test_small_pictures_come_first_and_full_size_at_a_lower_rate(room: Any) -> None:
    first, later = room.trainer.stages(Recipe(epochs=5, small_epochs=4, small_size=144, rate=0.1, head_rate=1.0))
    assert (first.small, first.epochs) == (144, range(1, 5))
    assert (first.recipe.rate, first.recipe.head_rate) == (0.1, 0.1)
    assert (later.small, later.epochs) == (None, range(5, 6))
    assert later.recipe.rate == later.recipe.head_rate == pytest.approx(0.03)


@pytest.mark.parametrize(
    ("epochs", "small", "expected"),
    [(3, 0, [(None, 3)]), (3, 9, [(144, 3)]), (0, 4, []), (2, 1, [(144, 1), (None, 1)])],
)
def test_stages_without_epochs_are_left_out(
    room: Any, epochs: int, small: int, expected: list[tuple[int | None, int]]
) -> None:
    found = room.trainer.stages(Recipe(epochs=epochs, small_epochs=small, rate=0.1))
    assert [(stage.small, len(stage.epochs)) for stage in found] == expected
    if found and not small:
        assert found[0].recipe.rate == 0.1


def test_the_best_weights_are_the_end(room: Any, tmp_path: Path) -> None:
    validate = Scripted(0.1, 0.3, 0.2)
    run = trained(room, tmp_path, recipe(epochs=2), validate)
    assert epochs(run) == [0, 1, 2]
    assert [each["score"] for each in run.trainer.history] == [0.1, 0.3, 0.2]
    np.testing.assert_allclose(run.network.see(LOOK)[0], validate.seen[1], atol=1e-6)
    assert np.abs(validate.seen[1] - validate.seen[2]).max() > 1e-4


def test_it_stops_when_nothing_becomes_better(room: Any, tmp_path: Path) -> None:
    validate = Scripted(0.5, 0.4, 0.3)
    run = trained(room, tmp_path, recipe(epochs=9, patience=2), validate)
    assert epochs(run) == [0, 1, 2]
    np.testing.assert_allclose(run.network.see(LOOK)[0], validate.seen[0], atol=1e-6)


def test_without_epochs_it_judges_and_leaves_all_as_it_was(room: Any, tmp_path: Path) -> None:
    validate = Scripted(0.5)
    run = trained(room, tmp_path, recipe(epochs=0), validate)
    assert epochs(run) == [0]
    np.testing.assert_allclose(run.network.see(LOOK)[0], validate.seen[0], atol=1e-6)


def test_fewer_pictures_than_a_batch_are_a_batch(room: Any, tmp_path: Path) -> None:
    validate = Scripted(0.1, 0.2)
    trained(room, tmp_path, recipe(epochs=1, triplets=5), validate)
    assert np.abs(validate.seen[0] - validate.seen[1]).max() > 1e-4


@pytest.mark.parametrize(
    "small_epochs",
    [pytest.param(0, id="within a stage"), pytest.param(1, id="between stages", marks=pytest.mark.slow)],
)
def test_an_interrupted_run_goes_on_where_it_was(room: Any, tmp_path: Path, small_epochs: int) -> None:
    chosen = recipe(epochs=2, small_epochs=small_epochs, small_size=64)
    first, second = Scripted(0.1, 0.3), Scripted(0.2)
    with pytest.raises(KeyboardInterrupt):
        trained(room, tmp_path, chosen, first)
    stopped = standing(tmp_path, {"recipe": chosen.as_json()}).checkpoint
    assert stopped is not None
    assert stopped.epoch == 1
    again = made(room, tmp_path, chosen)
    again.trainer._resume(stopped)
    np.testing.assert_allclose(again.network.see(LOOK)[0], first.seen[1], atol=1e-6)
    np.testing.assert_array_equal(again.objective.directions, stopped.arrays["optimizer/0"])
    assert again.trainer._sampler.state == stopped.state["random"]
    run = trained(room, tmp_path, chosen, second)
    assert epochs(run) == [0, 1, 2]
    np.testing.assert_allclose(run.network.see(LOOK)[0], first.seen[1], atol=1e-6)
    assert np.abs(second.seen[0] - first.seen[1]).max() > 1e-4


def test_a_run_stopped_after_its_heads_keeps_them(room: Any, tmp_path: Path) -> None:
    validate = Scripted(0.1)
    with pytest.raises(KeyboardInterrupt):
        trained(room, tmp_path, recipe(epochs=1), validate)
    stopped = standing(tmp_path, {"recipe": recipe(epochs=1).as_json()}).checkpoint
    assert stopped is not None
    assert stopped.epoch == 0
    run = trained(room, tmp_path, recipe(epochs=1), Scripted(0.05))
    assert epochs(run) == [0, 1]
    np.testing.assert_allclose(run.network.see(LOOK)[0], validate.seen[0], atol=1e-6)


def test_a_run_that_is_stale_already_ends(room: Any, tmp_path: Path) -> None:
    chosen = recipe(epochs=3, patience=1)
    trained(room, tmp_path, chosen, Scripted(0.5, 0.4))
    assert epochs(trained(room, tmp_path, chosen, Scripted())) == [0, 1]


def test_lost_best_weights_are_those_of_the_checkpoint(room: Any, tmp_path: Path) -> None:
    chosen, validate = recipe(epochs=1), Scripted(0.5, 0.4)
    trained(room, tmp_path, chosen, validate)
    (tmp_path / BEST).unlink()
    run = trained(room, tmp_path, chosen, Scripted())
    np.testing.assert_allclose(run.network.see(LOOK)[0], validate.seen[1], atol=1e-6)
