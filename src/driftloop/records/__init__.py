"""What the loop remembers: one JSON file per run, on a branch of its own that shares no history with the code."""

from __future__ import annotations

from driftloop.records.approvals import approval, approval_word
from driftloop.records.branch import is_about, kept, listed, read, write
from driftloop.records.gathering import PACKAGES, bounded, collect, lock_outs, outs, packages, params_digest
from driftloop.records.values import BRANCH, FORMAT, Kind, Record, Run

__all__ = [
    "BRANCH", "FORMAT", "PACKAGES", "Kind", "Record", "Run", "approval", "approval_word", "bounded", "collect", "is_about",
    "kept", "listed", "lock_outs", "outs", "packages", "params_digest", "read", "write",
]  # fmt: skip
