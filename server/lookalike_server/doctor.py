"""A report on this installation: versions, processor, models, decoder, and whether an embedding comes out right."""

import io
import os
import platform
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from lookalike_server.config import Settings
from lookalike_server.hosting import decoder_for, load_models
from lookalike_server.info import versions
from lookalike_server.models.protocol import Engine
from lookalike_server.pipeline.formats import BY_PILLOW, readable

HELPFUL = ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "asimd")
"""Processor features that the engines and hnswlib make use of."""
AGREEMENT = 0.99999
"""Cosine between engines on the same picture; less means that one of them is broken."""


def examine(settings: Settings) -> dict[str, Any]:
    """The report, ready for JSON; `ok` tells whether this installation can serve its models."""
    checks = {"model": check_model, "decoder": check_decoder, "engines": check_engines}
    results = {
        f"{name} of {spec}" if len(settings.model) > 1 else name: attempt(check, replace(settings, model=(spec,)))
        for spec in settings.model
        for name, check in checks.items()
    }
    return {
        "ok": all(result["ok"] for result in results.values()),
        "versions": versions(),
        "processor": processor(),
        "checks": results,
    }


def attempt(check: Callable[[Settings], dict[str, Any]], settings: Settings) -> dict[str, Any]:
    """The check's findings, or what went wrong."""
    try:
        return {"ok": True, **check(settings)}
    except Exception as error:  # whatever it is, it belongs in the report
        return {"ok": False, "error": f"{type(error).__name__}: {error}"}


def processor() -> dict[str, Any]:
    """The machine, its cores and the features that matter here."""
    info = Path("/proc/cpuinfo")
    flags = set(info.read_text().split()) if info.exists() else set()
    return {
        "machine": platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "features": [feature for feature in HELPFUL if feature in flags],
    }


def check_model(settings: Settings) -> dict[str, Any]:
    """The model's file is there and whole."""
    (model,) = load_models(settings)
    return {"id": model.id, "dim": model.dim, "scenes": len(model.scenes), "engines": list(model.engines())}


def check_decoder(settings: Settings) -> dict[str, Any]:
    """Every format that can be written here can be read here."""
    (model,) = load_models(settings)
    decoder = decoder_for(model, settings)
    for name in BY_PILLOW:
        decoder.decode_now(sample(name))
    return {"formats": list(readable())}


def check_engines(settings: Settings) -> dict[str, Any]:
    """Every engine installed runs the model, and all of them agree."""
    (model,) = load_models(settings)
    names = model.engines() if settings.engine == "auto" else [settings.engine]
    engines = [model.engine(name, threads=settings.cores) for name in names]
    pixels = decoder_for(model, settings).decode_now(sample("PNG")).pixels[np.newaxis]
    vectors = [engine.embed(pixels).embeddings[0] for engine in engines]
    cosines = [float(vectors[0] @ vector) for vector in vectors]
    if min(cosines) < AGREEMENT:
        raise ArithmeticError(f"engines disagree on the same picture: {dict(zip(names, cosines, strict=True))}")
    return {"ran": describe(engines), "agreement": min(cosines)}


def describe(engines: list[Engine]) -> dict[str, str]:
    """Each engine's library and version."""
    return {engine.name: engine.version for engine in engines}


def sample(name: str) -> bytes:
    """A small smooth picture, the same everywhere, in one format."""
    ramp = np.linspace(0, 255, 256, dtype=np.uint8)
    picture = np.stack(
        [np.tile(ramp, (256, 1)), np.tile(ramp[:, None], (1, 256)), np.full((256, 256), 90, np.uint8)], 2
    )
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format=name)
    return buffer.getvalue()
