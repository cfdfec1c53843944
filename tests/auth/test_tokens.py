"""Tokens of scripts: what opens, for how long, and what can be made."""

from datetime import timedelta

import pytest
from flask import Flask

from tests import factories
from tests.support.threads import in_threads
from webapp.auth import queries, tokens
from webapp.auth.models import ApiToken
from webapp.core.clock import utc_now
from webapp.core.db import db, transaction
from webapp.core.errors import InvalidInput, TooLate

DAY = timedelta(days=1)


def opens(secret: str, when=None) -> bool:
    return queries.live_token(secret, when or utc_now()) is not None


def refused(make) -> set[str]:
    with pytest.raises(InvalidInput) as found:
        make()
    return set(found.value.fields)


def test_a_token_is_live_until_revoked_and_only_its_digest_is_kept(db_session) -> None:
    made = tokens.create(" nightly report ", ["write", "read"])
    db_session.expire_all()
    row = db_session.query(ApiToken).one()

    assert queries.live_token(made.secret, utc_now()) == (row, None)
    assert (row.name, row.scopes) == ("nightly report", "read write")
    assert made.secret not in vars(row).values()
    assert made.secret.startswith("fdk_")
    assert len(made.secret) > 40

    assert tokens.revoke(row)
    assert not opens(made.secret)
    assert not opens(row.digest)


def test_revoked_twice_it_keeps_the_first_time(db_session) -> None:
    token = tokens.create("old", ["read"]).token
    token.revoked_at = factories.SOME_DAY

    assert not tokens.revoke(token)
    assert token.revoked_at == factories.SOME_DAY


def test_a_token_opens_until_the_moment_it_expires(db_session) -> None:
    end = utc_now() + DAY
    secret = tokens.create("short", ["read"], expires_at=end).secret

    assert opens(secret, end - timedelta(milliseconds=1))
    assert not opens(secret, end)


def test_a_token_ends_with_its_operator(db_session, viewer) -> None:
    secret = tokens.create("mine", ["read"], operator=viewer).secret
    assert opens(secret)

    viewer.active = False
    assert not opens(secret)


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "taken", "two\nlines"])
def test_a_token_needs_a_name_of_its_own(db_session, name: str) -> None:
    factories.api_token(name="taken")
    assert refused(lambda: tokens.create(name, ["read"])) == {"name"}


def test_what_no_token_can_have_is_said_all_at_once(db_session) -> None:
    def make() -> object:
        return tokens.create("x", ["all"], expires_at=factories.SOME_DAY, per_window=0)

    assert refused(make) == {"scopes", "expires_at", "per_window"}
    assert refused(lambda: tokens.create("x", [])) == {"scopes"}


def test_nobody_gives_a_script_more_than_they_may(db_session, viewer, manager) -> None:
    assert refused(lambda: tokens.create("x", ["read", "write"], operator=viewer)) == {"scopes"}
    assert tokens.create("y", ["read", "write", "sync", "admin"], operator=manager).token.id


def test_two_who_want_one_name_at_once_get_one_token(app: Flask) -> None:
    def make() -> str:
        with app.app_context():
            try:
                with transaction():
                    return tokens.create("wanted", ["read"]).secret
            except InvalidInput as problem:
                return "".join(problem.fields)

    found = in_threads([make] * 4)

    assert found.count("name") == 3
    assert db.session.query(ApiToken).count() == 1


def test_rotated_both_secrets_open_until_the_overlap_is_over(db_session) -> None:
    made = tokens.create("report", ["read"])
    new = tokens.rotate(made.token, made.token.mark, overlap=DAY).secret
    until = made.token.previous_until

    assert until is not None
    assert DAY - timedelta(minutes=1) < until - utc_now() <= DAY
    assert opens(made.secret, until - timedelta(milliseconds=1))
    assert not opens(made.secret, until)
    assert opens(new, until + 365 * DAY)


def test_rotated_without_overlap_the_old_secret_ends_at_once(db_session) -> None:
    made = tokens.create("report", ["read"])
    new = tokens.rotate(made.token, made.token.mark, overlap=timedelta(0)).secret

    assert (opens(made.secret), opens(new)) == (False, True)


def test_rotating_does_not_make_the_old_secret_last_longer(db_session) -> None:
    end = utc_now() + timedelta(hours=1)
    made = tokens.create("report", ["read"], expires_at=end)
    new = tokens.rotate(made.token, made.token.mark, overlap=DAY, expires_at=end + DAY).secret

    assert (opens(made.secret, end), opens(new, end)) == (False, True)


def test_rotated_twice_only_the_last_two_secrets_open(db_session) -> None:
    first = tokens.create("report", ["read"])
    second = tokens.rotate(first.token, first.token.mark)
    third = tokens.rotate(first.token, first.token.mark)

    assert [opens(made.secret) for made in (first, second, third)] == [False, True, True]


def test_a_rotation_that_is_sent_twice_is_done_once(db_session) -> None:
    made = tokens.create("report", ["read"])
    drawn = made.token.mark
    new = tokens.rotate(made.token, drawn).secret

    with pytest.raises(TooLate, match="rotated meanwhile"):
        tokens.rotate(made.token, drawn)
    assert opens(new)


@pytest.mark.parametrize("ended", ["revoked_at", "expires_at"])
def test_what_has_ended_is_not_rotated(db_session, ended: str) -> None:
    token = tokens.create("report", ["read"]).token
    setattr(token, ended, factories.SOME_DAY)
    db_session.flush()

    with pytest.raises(TooLate, match="make another token"):
        tokens.rotate(token, token.mark)


def test_an_overlap_has_bounds(db_session) -> None:
    token = tokens.create("report", ["read"]).token

    for overlap in (timedelta(days=31), timedelta(seconds=-1)):
        assert refused(lambda span=overlap: tokens.rotate(token, token.mark, overlap=span)) == {
            "overlap"
        }
