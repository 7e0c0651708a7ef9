"""The picture of the frontier."""

from __future__ import annotations

from itertools import pairwise
from typing import Any
from xml.etree import ElementTree as ET

from driftloop.backtest.frontier import HEIGHT, svg
from driftloop.core.backtest.figures import Figures

NAMESPACE = "{http://www.w3.org/2000/svg}"


def make_line(name: str, loss: float, alerts: float, **over: Any) -> Figures:
    given: dict[str, Any] = {
        "name": name, "policy": "avoidable_loss", "alert_at_days": 8.0, "calendar_days": 91, "standing_days": 0, "actions_a_year": 0.0,
        "train_days": "all", "loss": loss, "above_always": 0.0, "below_never": 0.0, "alerts": 0,
        "alerts_a_year": alerts, "degraded_a_year": 0.0, "data_a_year": 0.0, "promotions_a_year": 0.0, "refused": 0,
        "useful": None, "useful_live": None, "fits": 1, "delays": {}, "log": (), "steps": {},
    }  # fmt: skip
    return Figures(**given | over)


def draw(lines: list[Figures]) -> ET.Element:
    return ET.fromstring(svg(lines, unit="kWh", metric="mae"))


def test_svg__names_every_rule_and_covers_none() -> None:
    lines = [make_line(f"rule {number} <&>", 1.0, 2.0) for number in range(15)]
    texts = [text for text in draw(lines).iter(f"{NAMESPACE}text") if (text.text or "").startswith("rule")]
    heights = sorted(float(text.attrib["y"]) for text in texts)
    assert [text.text for text in texts] == [line.name for line in lines]
    assert all(b - a > 12 for a, b in pairwise(heights))
    assert heights[-1] < HEIGHT


def test_svg__more_loss_is_higher_and_more_alerts_further_right() -> None:
    found = draw([make_line("a", 40.0, 1.0), make_line("b", 50.0, 3.0)])
    places = {
        circle[0].text: (float(circle.attrib["cx"]), float(circle.attrib["cy"]))
        for circle in found.iter(f"{NAMESPACE}circle")
    }
    assert places["a"][0] < places["b"][0]
    assert places["a"][1] > places["b"][1]


def test_svg__equal_losses_have_an_axis_too() -> None:
    assert len(list(draw([make_line("a", 0.0, 0.0)]).iter(f"{NAMESPACE}circle"))) == 1


def test_svg__loads_nothing() -> None:
    text = svg([make_line("a", 1.0, 1.0)], unit="", metric="brier")
    assert "href" not in text
    assert "mean brier" in text
