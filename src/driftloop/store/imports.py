"""Which files of a project's own code a module depends on, read from its source without running it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


def closure(module: str, roots: Sequence[Path]) -> list[Path]:
    """List the files below `roots` that importing a module brings in, its own first; sorted after it.

    Imports at any place of a file count, since a function may import too. What is imported by a computed name, and data
    files that the code reads, are not found.

    Parameters
    ----------
    module
        Dotted name.
    roots
        Folders in which modules are looked up, in this order; modules that are elsewhere, such as installed packages, are
        left out.
    """
    seen: dict[str, Path] = {}
    queue = [module]
    while queue:
        name = queue.pop()
        path = find(name, roots)
        if path is None or name in seen:
            continue
        seen[name] = path
        queue += [name.rpartition(".")[0], *_imports(path, name if path.name == "__init__.py" else _parent(name))]
    first = seen.get(module)
    return [*([first] if first else []), *sorted({path for path in seen.values() if path != first})]


def find(module: str, roots: Sequence[Path]) -> Path | None:
    """Find the source file of a module; None where it is elsewhere."""
    if not module:
        return None
    bases = [root.joinpath(*module.split(".")) for root in roots]
    candidates = (path for base in bases for path in (base / "__init__.py", base.with_name(f"{base.name}.py")))
    return next((path for path in candidates if path.is_file()), None)


def _parent(module: str) -> str:
    return module.rpartition(".")[0]


def _imports(path: Path, package: str) -> Iterator[str]:
    """Name what a file may import; a name that is imported from a package may be a module or not."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):  # Python will say so when it is imported
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".") if package else []
            above = parts[: len(parts) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" if base else alias.name for alias in node.names)
