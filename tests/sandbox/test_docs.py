"""The sandbox's page of documentation names everything there is to set."""

import pytest

from tests.support.sandbox import REPOSITORY
from webapp.sandbox.__main__ import build_parser
from webapp.sandbox.faults import ACTIONS, MATCHERS
from webapp.sandbox.settings import Settings

TEXT = (REPOSITORY / "docs" / "sandbox.md").read_text("utf-8")


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_has_a_row_with_its_options(action: str) -> None:
    (row,) = [line for line in TEXT.splitlines() if line.startswith(f"| `{action}` | ")]
    for option in ACTIONS[action]:
        assert f"`{option}`" in row


def test_every_matcher_switch_and_flag_is_explained() -> None:
    for name in (*MATCHERS, *Settings().as_dict()):
        assert f"`{name}`" in TEXT
    for action in build_parser()._actions:
        if action.dest != "help":
            assert f"`{action.option_strings[0]}`" in TEXT
