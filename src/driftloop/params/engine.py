"""The section `engine` of params.yaml: what reads and counts the rows, and with how much of the machine."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from driftloop.params.fields import Name, Positive, Section
from driftloop.params.problems import shown

Size = Annotated[str, Field(pattern=r"^\d+(\.\d+)? ?[KMGT]i?B$", examples=["4GB"])]


class Engine(Section):
    """What reads and counts the rows; results do not depend on it."""

    kind: Literal["duckdb", "spark"] = Field(
        default="duckdb", description="what prepares the rows; all other steps use DuckDB"
    )
    fits: Literal["local", "cluster"] = Field(
        default="local",
        description="spark: where refits are made; on the cluster, its workers need this project's environment",
    )
    threads: Positive | None = Field(default=None, description="of DuckDB; null: all processors")
    memory_limit: Size = Field(default="600MB", description="of DuckDB's buffers; what needs more is spilled")
    spill: Name | None = Field(default=None, description="folder for what does not fit in memory; null: .cache")
    master: Name | None = Field(
        default=None, description="spark: address of the cluster", examples=["spark://host:7077"]
    )
    options: dict[Name, str | int | float | bool] = Field(
        default_factory=dict, description="spark: settings", examples=[{"spark.executor.memory": "2g"}]
    )

    @model_validator(mode="after")
    def _complete(self) -> Engine:
        if self.kind == "spark" and not self.master:
            msg = "master: expected an address such as spark://host:7077, which kind spark needs, got null"
            raise ValueError(msg)
        if self.kind != "spark" and (self.master or self.options):
            name, value = ("master", self.master) if self.master else ("options", self.options)
            msg = f"{name}: expected {'null' if self.master else '{}'}, since kind {self.kind} has none, got {shown(value)}"
            raise ValueError(msg)
        if self.kind != "spark" and self.fits == "cluster":
            msg = f"fits: expected local, since kind {self.kind} has no cluster, got {shown(self.fits)}"
            raise ValueError(msg)
        if wrong := sorted(name for name in self.options if not name.startswith("spark.")):
            msg = f"options: expected settings of Spark such as spark.executor.memory, got {shown(wrong[0])}"
            raise ValueError(msg)
        return self
