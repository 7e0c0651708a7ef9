"""Read and validate params.yaml."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from driftloop.errors import LoopError, ParamsError
from driftloop.foreign import files
from driftloop.params.model import Params
from driftloop.params.problems import one_line, shown
from driftloop.params.yamltext import parse_yaml

if TYPE_CHECKING:
    from pathlib import Path


def load_params(path: Path) -> Params:
    """Read and validate params.yaml.

    Raises
    ------
    ParamsError
        One line naming the key, what was expected and what was found.
    """
    try:
        text = files.read_bytes(path, where=path.name).decode("utf-8")
    except LoopError as exc:
        raise ParamsError(str(exc)) from exc
    except FileNotFoundError as exc:
        msg = f"{path.name}: not found; run driftloop in the folder that holds it"
        raise ParamsError(msg) from exc
    except OSError as exc:
        msg = f"{path.name}: cannot be read: {exc.strerror}"
        raise ParamsError(msg) from exc
    except UnicodeDecodeError as exc:
        msg = f"{path.name}: expected text in UTF-8, got other bytes; save the file as UTF-8"
        raise ParamsError(msg) from exc
    return parse_params(text, where=path.name)


def parse_params(text: str, *, where: str) -> Params:
    """Validate the text of params.yaml; raises as `load_params` does."""
    raw = parse_yaml(text, where=where)
    if not isinstance(raw, dict):
        msg = f"{where}: expected keys such as source and data, got {'an empty file' if raw is None else shown(raw)}"
        raise ParamsError(msg)
    try:
        return Params.model_validate(raw)
    except ValidationError as exc:
        raise ParamsError(one_line(where, raw, exc, Params.model_json_schema())) from exc
