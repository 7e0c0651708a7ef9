"""The actions of others that workflows may use: commit and inputs of the release that was read."""

from __future__ import annotations

from typing import NamedTuple


class Pin(NamedTuple):
    """An action at the one commit whose inputs are known here."""

    commit: str
    inputs: frozenset[str]


def _pin(commit: str, inputs: str) -> Pin:
    return Pin(commit, frozenset(inputs.split()))


PINS = {
    "actions/checkout": _pin(
        "3d3c42e5aac5ba805825da76410c181273ba90b1",
        "repository ref token persist-credentials path clean fetch-depth fetch-tags show-progress",
    ),
    "actions/setup-python": _pin("5fda3b95a4ea91299a34e894583c3862153e4b97", "python-version python-version-file"),
    "actions/setup-node": _pin("820762786026740c76f36085b0efc47a31fe5020", "node-version package-manager-cache"),
    "astral-sh/setup-uv": _pin(
        "20cfd1bf945f4377ade1205e4dbc17946fc9a30d",
        "version version-file python-version activate-environment enable-cache cache-dependency-glob restore-cache "
        "save-cache cache-suffix prune-cache quiet",
    ),
    "actions/cache": _pin("27d5ce7f107fe9357f9df03efb73ab90386fccae", "path key restore-keys fail-on-cache-miss"),
    "actions/cache/restore": _pin(
        "27d5ce7f107fe9357f9df03efb73ab90386fccae", "path key restore-keys fail-on-cache-miss"
    ),
    "actions/cache/save": _pin("27d5ce7f107fe9357f9df03efb73ab90386fccae", "path key"),
    "actions/upload-artifact": _pin(
        "bbbca2ddaa5d8feaa63e36b76fdaad77386f024f",
        "name path if-no-files-found retention-days compression-level overwrite include-hidden-files",
    ),
    "actions/download-artifact": _pin("3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c", "name path digest-mismatch"),
    "actions/configure-pages": _pin("983d7736d9b0ae728b81ab479565c72886d7745b", "token enablement"),
    "actions/upload-pages-artifact": _pin(
        "fc324d3547104276b827a68afc52ff2a11cc49c9", "name path retention-days include-hidden-files"
    ),
    "actions/deploy-pages": _pin("cd2ce8fcbc39b97be8ca5fce6e763baed58fa128", "token timeout artifact_name"),
}
