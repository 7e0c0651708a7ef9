"""What Python modules import, read from their source without running it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOTS = (Path(__file__).parents[2],)  # where this package lies, in a repository or in site-packages


@cache
def path_of(module: str, roots: tuple[Path, ...] = ROOTS) -> Path | None:
    """Find the source file of a module below these folders; None where it is not there."""
    for root in roots:
        base = root.joinpath(*module.split("."))
        for path in (base.with_suffix(".py"), base / "__init__.py"):
            if path.is_file():
                return path
    return None


@cache
def imported(path: Path, *, typing_only: bool = False) -> frozenset[str]:
    """List the dotted names that a file imports, at any place in it; relative imports are left out.

    Imports under `if TYPE_CHECKING:` do not happen and count with `typing_only` alone. `from a import b` gives `a` and `a.b`.
    """
    found: set[str] = set()
    stack: list[ast.AST] = [ast.parse(path.read_bytes())]
    while stack:
        node = stack.pop()
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING")) if not typing_only:
                stack += node.orelse
            case ast.Import():
                found |= {alias.name for alias in node.names}
            case ast.ImportFrom(module=str(name), level=0):
                found |= {name, *(f"{name}.{alias.name}" for alias in node.names)}
            case _:
                stack += ast.iter_child_nodes(node)
    return frozenset(found)


def closure(modules: set[str], roots: tuple[Path, ...] = ROOTS) -> dict[str, Path]:
    """Find everything below these folders that importing modules brings in, packages included: name → file."""
    seen: dict[str, Path] = {}
    queue = sorted(modules)
    while queue:
        name = queue.pop()
        if not name or name in seen or not (path := path_of(name, roots)):
            continue
        seen[name] = path
        queue += [name.rpartition(".")[0], *imported(path)]
    return seen
