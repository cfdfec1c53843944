"""The dashboard and the alert rules ask for figures, labels and values that there really are."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests import factories
from tests.ops.test_health import call
from tests.support.client import Client
from webapp.core.db import db
from webapp.sync.models import RUN_STATES

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "monitoring"
NAME = re.compile(r"\bflightdeck_\w+")
GROUPING = re.compile(r"\b(?:by|on) \(([^)]*)\)")
SELECTED = re.compile(r'(\w+)=~?"([^"]*)"')


def dashboard() -> dict[str, Any]:
    read: dict[str, Any] = json.loads((FOLDER / "grafana-dashboard.json").read_text())
    return read


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def questions() -> Iterator[tuple[str, str]]:
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for rule in rules():
        yield rule["alert"], rule["expr"]


@pytest.fixture
def told(client: Client) -> dict[str, set[str]]:
    """The labels of each figure."""
    connection = factories.connection()
    factories.change(factories.campaign(connection_id=connection.id))
    factories.sync_run(connection_id=connection.id)
    db.session.add(call(connection))
    db.session.commit()
    client.get("/sign-in")
    families = text_string_to_metric_families(client.get("/metrics").text)
    return {sample.name: set(sample.labels) for each in families for sample in each.samples}


def test_every_figure_that_is_asked_for_exists(told: dict[str, set[str]]) -> None:
    asked = {name for _, question in questions() for name in NAME.findall(question)}
    assert asked <= set(told), asked - set(told)


def test_every_figure_of_ours_is_asked_for_somewhere(told: dict[str, set[str]]) -> None:
    asked = {name for _, question in questions() for name in NAME.findall(question)}
    unseen = {name for name in told if name.startswith("flightdeck_")} - asked
    assert {name for name in unseen if not name.endswith("_created")} == set()


def test_labels_are_those_of_the_figures(told: dict[str, set[str]]) -> None:
    for title, question in questions():
        has = set().union(*(told[name] for name in NAME.findall(question)))
        grouped = {
            label.strip() for part in GROUPING.findall(question) for label in part.split(",")
        }
        selected = {label for label, _ in SELECTED.findall(question)}
        assert grouped | selected <= has, title


def test_outcomes_of_pulls_are_spelt_as_runs_end() -> None:
    for title, question in questions():
        if "flightdeck_pulls_total" in question:
            named = [text for label, text in SELECTED.findall(question) if label == "outcome"]
            for outcome in "|".join(named).split("|") if named else []:
                assert outcome in RUN_STATES, title


def test_brackets_are_closed() -> None:
    for title, question in questions():
        for opening, closing in ("()", "[]", "{}"):
            assert question.count(opening) == question.count(closing), title


def test_each_rule_says_how_urgent_it_is_and_what_is_wrong() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names)
    for rule in rules():
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"].endswith(".")


def test_panels_have_a_place_and_a_title_of_their_own() -> None:
    panels = dashboard()["panels"]
    places = {(each["gridPos"]["x"], each["gridPos"]["y"]) for each in panels}
    titles = {each["title"] for each in panels}
    assert len(places) == len(titles) == len(panels)


def test_the_operations_page_says_what_to_do_about_each_alert() -> None:
    page = (FOLDER.parents[1] / "docs" / "operations.md").read_text()
    assert [rule["alert"] for rule in rules() if f"`{rule['alert']}`" not in page] == []
