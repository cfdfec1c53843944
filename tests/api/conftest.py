"""What all tests of the API share: no answer may differ from its documentation."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.api import contract
from tests.support.client import Client


@pytest.fixture(autouse=True)
def _as_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every answer that a test here gets through the client is held against the document."""
    opened = Client.open

    def open_and_compare(self: Client, *args: Any, **kwargs: Any) -> TestResponse:
        answer = opened(self, *args, **kwargs)
        contract.compare(answer)
        return answer

    monkeypatch.setattr(Client, "open", open_and_compare)
