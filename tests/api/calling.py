"""Calling the API as scripts do."""

from werkzeug.test import TestResponse

from tests.support.client import Client

CAMPAIGN = "/api/v1/campaigns/0b5b3f52-0000-4000-8000-000000000000"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def get(client: Client, token: str | None = None, path: str = CAMPAIGN) -> TestResponse:
    """A GET with this token, or without one."""
    return client.get(path, headers=bearer(token) if token else {})
