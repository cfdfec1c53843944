"""What a script may ask about itself."""

from datetime import timedelta

from tests import factories
from webapp.api.schemas import me as schemas
from webapp.core.clock import utc_now


def ask(client, token):
    answer = client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    schemas.Me.model_validate(answer.json)
    return answer.json


def test_a_token_of_somebody_says_whose_it_is_and_what_their_role_leaves_of_it(client):
    viewer = factories.operator("viewer", email="vera@example.com")
    token = factories.api_token("read write", name="Nightly", operator_id=viewer.id)

    found = ask(client, token)

    assert found["token"]["name"] == "Nightly"
    assert found["operator"] == {"email": "vera@example.com", "role": "viewer"}
    assert found["scopes"] == ["read"]
    assert token not in str(found)


def test_a_token_of_nobody_has_its_scopes_its_limit_and_its_end(client):
    ends = utc_now() + timedelta(days=3)
    token = factories.api_token("read sync admin", per_window=77, expires_at=ends)

    found = ask(client, token)

    assert found["operator"] is None
    assert found["scopes"] == ["read", "sync", "admin"]
    assert found["limit"] == {"requests": 77, "window_seconds": 900}
    assert found["token"]["expires_at"] == ends.isoformat(timespec="milliseconds").replace(
        "+00:00", "Z"
    )
