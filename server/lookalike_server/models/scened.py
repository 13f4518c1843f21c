"""Who tells scenes: the model itself, nobody, or a classifier of the user's, joined to whatever model is served.

An embedding is the same whoever tells the scenes, so the model keeps its id; the classifier stands in the version of
its engine. To the rest of the server the two are one model: what `prepare` returns holds the inputs of both, and the
engine takes it apart.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike_server.models.classifier import Classifier, OpenClassifier
from lookalike_server.models.paths import expanded
from lookalike_server.models.protocol import Engine, Inputs, Model, Outputs

AUTO, NONE = "auto", "none"


def plugged(model: Model, scenes: str) -> Model:
    """The model, its scenes told as the setting says: `auto`, `none`, or the path of a classifier's TOML or file.

    Raises ModelFileError.
    """
    if scenes == AUTO:
        return model
    if scenes == NONE:
        return QuietModel(model)
    return ScenedModel(model, Classifier(expanded(scenes)))


class QuietModel:
    """A model that tells no scenes."""

    scenes: tuple[str, ...] = ()

    def __init__(self, model: Model) -> None:
        self._model = model
        self.name, self.id = model.name, model.id
        self.input_size, self.draft_size = model.input_size, model.draft_size
        self.honours_orientation = model.honours_orientation

    @property
    def dim(self) -> int:
        """The model's."""
        return self._model.dim

    def prepare(self, image: Image.Image) -> Inputs:
        """As the model does."""
        return self._model.prepare(image)

    def engines(self) -> Sequence[str]:
        """The model's."""
        return self._model.engines()

    def engine(self, name: str = "auto", *, threads: int) -> Engine:
        """Load the model into an engine, and let it say nothing of scenes. Raises what the model raises."""
        return QuietEngine(self._model.engine(name, threads=threads))


class QuietEngine:
    """An engine that says nothing of scenes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.name, self.version = engine.name, engine.version

    def embed(self, inputs: Inputs) -> Outputs:
        """Run the network; its scenes are dropped."""
        return Outputs.of([self._engine.embed(inputs).embeddings])


class ScenedModel(QuietModel):
    """A model, and a classifier that tells the scenes in its place.

    Pictures are decoded as the model alone has them decoded, or its pixels would change under the same id: a JPEG may
    reach the classifier at a reduced scale, of the model's `draft_size` or more, and be enlarged there.
    """

    def __init__(self, model: Model, classifier: Classifier) -> None:
        super().__init__(model)
        self._classifier = classifier
        self.scenes = classifier.labels
        self.input_size = larger(model.input_size, classifier.input_size)
        self._packing = Packing(self._inputs(Image.new("RGB", self.input_size[::-1])))

    def prepare(self, image: Image.Image) -> NDArray[np.uint8]:
        """The bytes of both networks' inputs."""
        return self._packing.packed(self._inputs(image))

    def engine(self, name: str = "auto", *, threads: int) -> Engine:
        """Load the model into an engine, and open the classifier. Raises what either raises."""
        engine = self._model.engine(name, threads=threads)
        return ScenedEngine(engine, self._classifier.open(threads), self._packing)

    def _inputs(self, image: Image.Image) -> list[Inputs]:
        return [self._model.prepare(image), self._classifier.prepare(image)]


class ScenedEngine:
    """Runs the model's engine, then the classifier."""

    def __init__(self, engine: Engine, classifier: OpenClassifier, packing: "Packing") -> None:
        self._engine = engine
        self._classifier = classifier
        self._packing = packing
        self.name = engine.name
        self.version = f"{engine.version}, scenes by {classifier.version}"

    def embed(self, inputs: Inputs) -> Outputs:
        """Run both networks on n packed pictures."""
        models, classifiers = self._packing.unpacked(inputs)
        return Outputs.of([self._engine.embed(models).embeddings, self._classifier.probabilities(classifiers)])


class Packing:
    """Arrays of known shapes and types as the bytes of one, so that the batcher can stack them."""

    def __init__(self, examples: Sequence[Inputs]) -> None:
        """`examples`: one array of each, of which shape and type count."""
        self._examples = examples

    def packed(self, arrays: Sequence[Inputs]) -> NDArray[np.uint8]:
        """One picture's arrays as bytes [m]."""
        return np.concatenate([np.ascontiguousarray(array).view(np.uint8).ravel() for array in arrays])

    def unpacked(self, batch: NDArray[np.uint8]) -> list[Inputs]:
        """From bytes [n, m] the arrays, each with n rows."""
        ends = np.cumsum([example.nbytes for example in self._examples])[:-1]
        return [
            np.ascontiguousarray(part).view(example.dtype).reshape(-1, *example.shape)
            for part, example in zip(np.split(batch, ends, axis=1), self._examples, strict=True)
        ]


def larger(ours: tuple[int, int], theirs: tuple[int, int]) -> tuple[int, int]:
    """The larger of two sizes, each way."""
    return max(ours[0], theirs[0]), max(ours[1], theirs[1])
