"""Megaphone's four kinds of call against a scripted answer, and the error that comes out."""

import traceback
from collections.abc import Callable

import pytest
from responses import RequestsMock

from tests.adservers.connecting import CAMPAIGN_ID, ORGANIZATION, TOKEN, Connected
from webapp.adservers import errors
from webapp.adservers.base import AdServer
from webapp.adservers.types import CampaignSpec

BASE = "https://cms.example/api"
CAMPAIGNS = f"{BASE}/organizations/{ORGANIZATION}/campaigns"
ONE = f"{CAMPAIGNS}/{CAMPAIGN_ID}"
HTML = "<!DOCTYPE html><html><body>Sorry</body></html>"
SPEC = CampaignSpec("Spring", "adv-1")

Act = Callable[[AdServer], object]
ACTS: dict[str, tuple[str, str, Act]] = {
    "list": ("GET", CAMPAIGNS, lambda server: server.list_campaigns()),
    "get": ("GET", ONE, lambda server: server.get_campaign(CAMPAIGN_ID)),
    "create": ("POST", CAMPAIGNS, lambda server: server.create_campaign(SPEC, "fd-1")),
    "update": ("PUT", ONE, lambda server: server.update_campaign(CAMPAIGN_ID, {"title": "N"})),
}
READS, WRITES = ("list", "get"), ("create", "update")


def provoke(
    web: RequestsMock,
    connection: Connected,
    act: str,
    status: int,
    body: str | bytes = "",
    *,
    kind: str = "application/json",
    headers: dict[str, str] | None = None,
) -> errors.AdServerError:
    """Let Megaphone answer so, and return the error that came out."""
    method, url, call = ACTS[act]
    web.add(method, url, body=body, status=status, content_type=kind, headers=headers)
    with pytest.raises(errors.AdServerError) as caught:
        call(connection.server)
    error = caught.value
    assert len(web.calls) == 1, "an answer is never asked for twice"
    assert error.status == status
    assert error.message.endswith(".")
    assert error.message.startswith("Megaphone")
    assert [record.outcome for record in connection.log] == [error.code]
    told = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
    assert TOKEN not in told
    assert "cms.example" not in told
    return error
