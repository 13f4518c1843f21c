"""The models in service: each with its own engine, and all that a picture passes on its way to it.

The bounds on memory hold for all of them together: the pixels that are decoded at once are one budget, and what may
wait is divided evenly. Cores are not divided: a model whose neighbours rest is as fast as if there were none.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from lookalike_server.config import ConfigError, Settings
from lookalike_server.errors import BadRequest
from lookalike_server.metrics import Passes
from lookalike_server.models import registry, scened
from lookalike_server.models.protocol import Engine, Inputs, Model
from lookalike_server.pipeline.admission import Bounds
from lookalike_server.pipeline.batch import Batcher
from lookalike_server.pipeline.budget import PixelBudget
from lookalike_server.pipeline.decode import Decoder
from lookalike_server.pipeline.embed import Embedder
from lookalike_server.pipeline.waiting import Rules


@dataclass(frozen=True, slots=True)
class Hosted:
    """One model in service; `embedder` is the way through its other parts."""

    model: Model
    engine: Engine
    decoder: Decoder
    batcher: Batcher
    embedder: Embedder
    passes: Passes
    """What its engine has run."""

    def close(self) -> None:
        """Finish what waits for the engine, and end."""
        self.decoder.close()
        self.batcher.close()


def load_models(settings: Settings) -> list[Model]:
    """The models that the settings name, and whoever tells their scenes.

    Raises ModelFileError, and ConfigError where two are the same.
    """
    models = [scened.plugged(registry.load(spec), settings.scenes) for spec in settings.model]
    ids = [model.id for model in models]
    for spec, model in zip(settings.model, models, strict=True):
        if ids.count(model.id) > 1:
            raise ConfigError(f"the model {spec} ({model.id}) is named twice: name it once")
    return models


def host(models: Sequence[Model], settings: Settings, on_death: Callable[[], None]) -> list[Hosted]:
    """Load each model's network, warm it, and start its engine thread. Raises EngineMissing, ModelFileError."""
    portion = divided(settings, len(models))
    pixels = PixelBudget(settings.max_image_pixels)
    hosted = []
    for model in models:
        engine = model.engine(settings.engine, threads=settings.cores)
        warm(model, engine)
        decoder = decoder_for(model, portion, pixels)
        passes = Passes()
        batcher = Batcher(engine.embed, rules=rules(portion), on_batch=passes.ran, on_death=on_death)
        embedder = Embedder(decoder, batcher, model.scenes, bounds(portion, blank(model).nbytes))
        hosted.append(Hosted(model, engine, decoder, batcher, embedder, passes))
    for each in hosted:
        each.batcher.start()
    return hosted


def named(hosted: Sequence[Hosted], model: str) -> Hosted:
    """The one with this id or name; the first where neither is given. Raises BadRequest."""
    found = [each for each in hosted if model in (each.model.id, each.model.name)] if model else hosted[:1]
    if len(found) == 1:
        return found[0]
    served = ", ".join(each.model.id for each in hosted)
    trouble = "several of the models served are named" if found else "this server does not serve the model"
    raise BadRequest(f"{trouble} {model!r}: give one of these ids: {served}")


def divided(settings: Settings, models: int) -> Settings:
    """One model's portion of what may wait, where there are so many of them."""
    return replace(
        settings,
        max_waiting_images=max(1, settings.max_waiting_images // models),
        max_waiting_bytes=max(1, settings.max_waiting_bytes // models),
    )


def blank(model: Model) -> Inputs:
    """A black picture as the network takes it."""
    return model.prepare(Image.new("RGB", model.input_size[::-1]))


def warm(model: Model, engine: Engine) -> None:
    """Run one pass of each kind, so that nobody's first picture pays for the engine's preparations."""
    for rows in (1, 2):
        engine.embed(np.stack([blank(model)] * rows))


def decoder_for(model: Model, settings: Settings, pixels: PixelBudget | None = None) -> Decoder:
    """The decoder within the settings' limits; `pixels` is the budget that it shares with others."""
    return Decoder(
        model,
        threads=settings.cores,
        max_bytes=settings.max_image_bytes,
        max_pixels=settings.max_image_pixels,
        pixels=pixels,
    )


def rules(settings: Settings) -> Rules:
    """The batcher's numbers."""
    return Rules(
        max_batch=settings.max_batch,
        lanes=settings.order == "lanes",
        max_wait=settings.max_wait_seconds,
        step=settings.cores,
    )


def bounds(settings: Settings, picture_bytes: int) -> Bounds:
    """The door's numbers; `picture_bytes` is what a decoded picture takes while it waits."""
    return Bounds(
        max_batch=settings.max_batch,
        max_images=max(1, min(settings.max_waiting_images, settings.max_waiting_bytes // picture_bytes)),
        max_wait=settings.max_wait_seconds,
    )
