"""A progress bar for people, nothing for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from rich.console import Console
from rich.progress import track as rich_track

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")


def track(items: Iterable[T], what: str, *, total: int | None = None) -> Iterable[T]:
    """Walk through `items`, showing how far it is where somebody looks on; `total` where they do not know their number."""
    console = Console(stderr=True)
    return rich_track(items, what, total=total, console=console, transient=True, disable=not console.is_terminal)
