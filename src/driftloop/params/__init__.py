"""Everything tunable: the sections of params.yaml, how the file is read, and what is said about mistakes in it."""

from driftloop.params.data import OWN
from driftloop.params.engine import Engine
from driftloop.params.fields import parse_instant
from driftloop.params.load import load_params, parse_params
from driftloop.params.model import LOSSES, MOST_STEPS, Monitor, Params
from driftloop.params.source import Csv, SourceKind
from driftloop.params.yamltext import parse_yaml

__all__ = [
    "LOSSES",
    "MOST_STEPS",
    "OWN",
    "Csv",
    "Engine",
    "Monitor",
    "Params",
    "SourceKind",
    "load_params",
    "parse_instant",
    "parse_params",
    "parse_yaml",
]
