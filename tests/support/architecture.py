"""What a module imports, read from its source without running it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

SRC = Path(__file__).parents[2] / "src"


def path_of(module: str) -> Path | None:
    """Find the source file of a module of ours."""
    base = SRC.joinpath(*module.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.exists()), None)


@cache
def imports(module: str, *, typing_only: bool = False) -> frozenset[str]:
    """List the modules of driftloop that a module imports, at any place in it.

    Imports under `if TYPE_CHECKING:` do not happen and count with `typing_only` alone.
    """
    path = path_of(module)
    if path is None:
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if not typing_only:
        for node in ast.walk(tree):
            if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
                node.body = [ast.Pass()]
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(name for name in found if name.split(".")[0] == "driftloop" and path_of(name))


def closure(module: str) -> set[str]:
    """List everything of driftloop that importing a module brings in, packages included."""
    seen: set[str] = set()
    queue = [module]
    while queue:
        name = queue.pop()
        if name in seen or not path_of(name):
            continue
        seen.add(name)
        queue += [name.rpartition(".")[0], *imports(name)]
    return seen - {""}


def files(modules: set[str]) -> list[str]:
    """Name the files of modules, relative to the repository."""
    paths = {path for name in modules if (path := path_of(name)) and path.read_text(encoding="utf-8").strip()}
    return sorted(path.relative_to(SRC.parent).as_posix() for path in paths)
