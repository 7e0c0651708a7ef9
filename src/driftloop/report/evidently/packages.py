"""Packages that run what is in their `__init__` only if somebody asks for more than their modules.

`import evidently` imports all there is in it, a server and language models among it. One page needs half of that.
"""

from __future__ import annotations

import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import PathFinder
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec


def import_sparingly(name: str) -> None:
    """From now on, import a package of this name and those in it without what they import themselves."""
    sys.meta_path.insert(0, _Finder(name))


class _Finder(MetaPathFinder):
    """Finds what Python would find, and puts off the `__init__` of packages."""

    def __init__(self, name: str) -> None:
        self.name = name

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] != self.name:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec and spec.loader and spec.submodule_search_locations is not None:
            spec.loader = _Later(spec.loader)
        return spec


class _Later(Loader):
    """Makes a package without running it."""

    def __init__(self, loader: Loader) -> None:
        self.loader = loader
        self.has_run = False

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Package(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


class _Package(ModuleType):
    """A package that runs when it is asked for a name that no module in it has set yet."""

    def __getattr__(self, name: str) -> Any:
        later: Any = self.__spec__ and self.__spec__.loader
        if name.startswith("__") or later is None or later.has_run:
            msg = f"module {self.__name__!r} has no attribute {name!r}"
            raise AttributeError(msg)
        later.has_run = True
        later.loader.exec_module(self)
        return getattr(self, name)
