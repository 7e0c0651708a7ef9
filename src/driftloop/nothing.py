"""The action that every plan may come to: do nothing, and say why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Nothing:
    """Leave everything as it is."""

    reason: str
