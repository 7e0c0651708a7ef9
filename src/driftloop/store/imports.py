"""What Python modules import, read from their source without running it."""

from __future__ import annotations

import ast
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")  # where statements hold statements; no expression imports


@cache
def path_of(module: str, roots: tuple[Path, ...]) -> Path | None:
    """Find the source file of a module below these folders; None where it is elsewhere."""
    candidates = (
        path
        for root in roots
        for base in [root.joinpath(*module.split("."))]
        for path in (base / "__init__.py", base.with_name(f"{base.name}.py"))
    )
    return next((path for path in candidates if path.is_file()), None) if module else None


@cache
def imported(path: Path, package: str = "", *, typing_only: bool = False) -> frozenset[str]:
    """List the dotted names that a file imports, at any place in it, since a function may import too.

    What is imported by a computed name is not found. A file that Python cannot read imports nothing: Python says so.

    Parameters
    ----------
    path
        The file.
    package
        The package that it is in, for relative imports.
    typing_only
        Whether imports under `if TYPE_CHECKING:`, which do not happen, count too.
    """
    try:
        stack: list[ast.AST] = [ast.parse(path.read_bytes())]
    except (SyntaxError, ValueError):
        return frozenset()
    found: set[str] = set()
    while stack:
        node = stack.pop()
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING")) if not typing_only:
                stack += node.orelse
            case ast.Import():
                found |= {alias.name for alias in node.names}
            case ast.ImportFrom():
                base = _base(node, package)
                found |= {base, *(f"{base}.{alias.name}".lstrip(".") for alias in node.names)}
            case _:
                stack += (child for name in BLOCKS for child in getattr(node, name, ()))
    return frozenset(found - {""})


def _base(node: ast.ImportFrom, package: str) -> str:
    """Name the module that a `from … import …` is about."""
    parts = package.split(".")
    above = parts[: len(parts) - node.level + 1] if node.level else []
    return ".".join([*above, *([node.module] if node.module else [])])


def closure(modules: Iterable[str], roots: tuple[Path, ...], *, top: str | None = None) -> dict[str, Path]:
    """Find everything below these folders that importing modules brings in, packages included.

    Parameters
    ----------
    modules
        Dotted names.
    roots
        Folders in which modules are looked up, in this order; those that are elsewhere are left out.
    top
        Only modules of this package count: beside it may lie others, as in site-packages. None: all.

    Returns
    -------
    dict
        Name → file.
    """
    seen: dict[str, Path] = {}
    queue = list(modules)
    while queue:
        name = queue.pop()
        if name in seen or (top is not None and name.partition(".")[0] != top) or not (path := path_of(name, roots)):
            continue
        seen[name] = path
        queue += [name.rpartition(".")[0], *imported(path, package_of(name, path))]
    return seen


def package_of(module: str, path: Path) -> str:
    """Name the package that a module is in, or is itself."""
    return module if path.name == "__init__.py" else module.rpartition(".")[0]
