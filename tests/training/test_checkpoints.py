"""A run goes on from its newest whole checkpoint as if nothing had happened."""

import logging
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike_server.errors import TrainingDataError
from lookalike_server.training.checkpoints import Checkpoint, give_back, newest, save, take


def checkpoint(epoch: int, size: int = 1000) -> Checkpoint:
    values = np.random.default_rng(epoch).random(size, np.float32)
    return Checkpoint(epoch, {"network/a/kernel": values, "optimizer/0": np.array(epoch)}, {"best": epoch / 2})


def same(one: Checkpoint | None, other: Checkpoint) -> bool:
    return (
        one is not None
        and (one.epoch, one.state) == (other.epoch, other.state)
        and all(
            (one.arrays[name] == values).all() and one.arrays[name].dtype == values.dtype
            for name, values in other.arrays.items()
        )
    )


def test_what_was_saved_is_read(tmp_path: Path) -> None:
    saved = Checkpoint(3, checkpoint(3).arrays, {"random": np.random.default_rng(1).bit_generator.state})
    save(tmp_path / "run", saved)
    assert same(newest(tmp_path / "run"), saved)


def test_without_any_there_is_none(tmp_path: Path) -> None:
    assert newest(tmp_path) is None
    assert newest(tmp_path / "missing") is None


def test_the_newest_two_are_kept_by_number_and_not_by_letters(tmp_path: Path) -> None:
    for epoch in (8, 9999, 10_000, 10_001):
        save(tmp_path, checkpoint(epoch, size=3))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["epoch-10000.ckpt", "epoch-10001.ckpt"]
    assert same(newest(tmp_path), checkpoint(10_001, size=3))


@pytest.mark.parametrize("kept", [0, 1, 31, 32, 33, 500, -1])
def test_a_torn_one_is_passed_over(tmp_path: Path, kept: int, caplog: pytest.LogCaptureFixture) -> None:
    save(tmp_path, checkpoint(1))
    torn = save(tmp_path, checkpoint(2))
    torn.write_bytes(torn.read_bytes()[:kept])
    with caplog.at_level(logging.WARNING):
        assert same(newest(tmp_path), checkpoint(1))
    assert torn.name in caplog.text


def test_one_changed_byte_anywhere_is_noticed(tmp_path: Path) -> None:
    save(tmp_path, checkpoint(1))
    path = save(tmp_path, checkpoint(2, size=50))
    whole = path.read_bytes()
    for place in range(0, len(whole), 17):
        damaged = bytearray(whole)
        damaged[place] ^= 0x40
        path.write_bytes(damaged)
        assert same(newest(tmp_path), checkpoint(1)), place


def test_two_damaged_ones_leave_none(tmp_path: Path) -> None:
    for epoch in (1, 2):
        save(tmp_path, checkpoint(epoch)).write_bytes(b"")
    assert newest(tmp_path) is None


def test_a_write_cut_short_leaves_the_one_before(tmp_path: Path) -> None:
    save(tmp_path, checkpoint(1))
    (tmp_path / "epoch-0002.ckpt.part").write_bytes(b"half of it")
    assert same(newest(tmp_path), checkpoint(1))
    save(tmp_path, checkpoint(2))
    assert same(newest(tmp_path), checkpoint(2))


def test_a_killed_run_leaves_a_whole_one(tmp_path: Path) -> None:
    code = (
        "import itertools, pathlib, sys, numpy\n"
        "from lookalike_server.training.checkpoints import Checkpoint, save\n"
        "for epoch in itertools.count(1):\n"
        "    values = numpy.full(1_000_000, epoch, numpy.float32)\n"
        "    save(pathlib.Path(sys.argv[1]), Checkpoint(epoch, {'network/a': values}, {}))\n"
        "    print(epoch, flush=True)\n"
    )
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True) as run:
            assert run.stdout is not None
            told = [int(run.stdout.readline()) for _ in range(3)]
            run.send_signal(signal.SIGKILL)
        found = newest(tmp_path)
        assert found is not None
        assert found.epoch >= told[-1]
        assert (found.arrays["network/a"] == found.epoch).all()
        for path in tmp_path.iterdir():
            path.unlink()


@pytest.fixture(scope="module")
def keras() -> ModuleType:
    """Imported late: TensorFlow takes seconds, which other tests do not wait for."""
    pytest.importorskip("tensorflow")
    from lookalike_server.models.keras_backend import keras  # noqa: PLC0415

    module: ModuleType = keras
    return module


def network(keras: ModuleType, units: int = 4) -> Any:
    inputs = keras.Input((3,))
    x = keras.layers.Dense(units, name="one")(inputs)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.Dropout(0.4, name="dropout")(x)
    built = keras.Model(inputs, keras.layers.Dense(1, name="two")(x))
    built.compile(keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True), "mse")
    built.optimizer.build(built.trainable_variables)
    return built


def learn(model: Any, steps: range) -> None:
    for step in steps:
        random = np.random.default_rng(step)
        model.train_on_batch(random.random((8, 3), np.float32), random.random((8, 1), np.float32))


def values(model: Any) -> list[NDArray[Any]]:
    return [np.asarray(variable).copy() for variable in (*model.variables, *model.optimizer.variables)]


def test_a_run_goes_on_as_if_it_had_never_stopped(keras: ModuleType, tmp_path: Path) -> None:
    keras.utils.set_random_seed(1)
    straight = network(keras)
    learn(straight, range(5))
    save(tmp_path, take(straight, straight.optimizer, 1, {}))
    learn(straight, range(5, 10))
    keras.utils.set_random_seed(2)
    resumed, found = network(keras), newest(tmp_path)
    assert found is not None
    give_back(found, resumed, resumed.optimizer)
    learn(resumed, range(5, 10))
    for ours, theirs in zip(values(resumed), values(straight), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_a_checkpoint_is_a_copy(keras: ModuleType) -> None:
    model = network(keras)
    taken = take(model, model.optimizer, 0, {})
    before = taken.arrays["network/one/kernel"].copy()
    learn(model, range(2))
    assert (taken.arrays["network/one/kernel"] == before).all()


def test_a_checkpoint_of_another_network_is_refused_and_nothing_is_set(keras: ModuleType) -> None:
    small, large = network(keras), network(keras, units=5)
    before = values(large)
    with pytest.raises(TrainingDataError, match=r"network/norm/beta is \(4,\) there and \(5,\) here"):
        give_back(take(small, small.optimizer, 0, {}), large, large.optimizer)
    for ours, theirs in zip(values(large), before, strict=True):
        assert (ours == theirs).all()
