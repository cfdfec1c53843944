"""Another role, switching off and on, ending sessions: what it ends, and what is refused."""

import pytest
from flask import Flask

from tests import factories
from tests.auth.factors import has_factor
from tests.people.told import told
from tests.support.client import Client, signed_in
from tests.support.pages import Page, get_page
from tests.support.threads import in_threads
from webapp.audit.service import Actor
from webapp.auth import second_factor, sessions
from webapp.auth.models import Invitation, Operator
from webapp.core.clock import utc_now
from webapp.core.db import db, transaction
from webapp.core.errors import InvalidInput, TooLate
from webapp.people import queries, service
from webapp.people.admins import Refused
from webapp.people.words import standing

EMAIL = "kim@example.com"
SHELL = Actor("root", "cli")


@pytest.fixture
def kim(app: Flask) -> Operator:
    return factories.operator("operator", email=EMAIL)


@pytest.fixture
def kims(other: Client, kim: Operator) -> Client:
    """A browser in which they are signed in."""
    return signed_in(other, kim)


def is_in(client: Client) -> bool:
    return client.get("/campaigns").status_code == 200


def page_of(client: Client, person: Operator) -> Page:
    return get_page(client, f"/people/{person.id}")


def test_another_role_counts_at_once_and_ends_all_sessions(
    admin_client: Client, kims: Client, kim: Operator
) -> None:
    assert is_in(kims)
    asked = get_page(admin_client, page_of(admin_client, kim).links["Give another role"])
    assert asked.form("Give this role").values["role"] == "operator"
    page = asked.submit("Give this role", {"role": "viewer"})

    assert "kim@example.com is viewer now" in page.notices
    assert not is_in(kims)
    assert get_page(signed_in(kims, kim), "/campaigns/new", status=403).status == 403
    assert told() == [("admin@example.com", "role changed", EMAIL, "operator", "viewer")]


def test_the_same_role_again_changes_and_ends_nothing(
    admin_client: Client, kims: Client, kim: Operator
) -> None:
    asked = get_page(admin_client, f"/people/{kim.id}/role")
    assert "nothing changed" in asked.submit("Give this role").notices
    assert is_in(kims)
    assert told() == []


def test_what_somebody_else_changed_meanwhile_is_said_and_stays(
    admin_client: Client, kim: Operator
) -> None:
    asked = get_page(admin_client, f"/people/{kim.id}/role")
    off = get_page(admin_client, f"/people/{kim.id}/switch-off")
    with transaction():
        service.set_role(SHELL, kim, "manager", seen="operator, on")

    words = "Somebody changed kim@example.com meanwhile: manager, may sign in."
    assert words in asked.submit("Give this role", {"role": "viewer"}).notices
    assert words in off.submit("Switch off").notices
    assert (kim.role, kim.active) == ("manager", True)


def test_switched_off_they_are_out_at_once_and_cannot_sign_in(
    admin_client: Client, kims: Client, kim: Operator
) -> None:
    token = factories.api_token(name="Nightly", operator_id=kim.id)
    bearer = {"Authorization": f"Bearer {token}"}
    assert kims.get("/api/v1/me", headers=bearer).status_code == 200
    asked = get_page(admin_client, page_of(admin_client, kim).links["Switch off"])
    assert "1 browser now" in asked.text
    page = asked.submit("Switch off")

    assert "Switched off" in page.text
    assert "None of them opens anything" in page.text
    assert not is_in(kims)
    assert kims.get("/api/v1/me", headers=bearer).status_code == 401
    typed = {"email": EMAIL, "password": factories.PASSWORD}
    get_page(kims, "/sign-in").submit("Sign in", typed, status=422)
    assert told() == [("admin@example.com", "switched off", EMAIL, None, None)]


def test_switched_on_they_are_what_they_were(
    admin_client: Client, kims: Client, kim: Operator
) -> None:
    get_page(admin_client, f"/people/{kim.id}/switch-off").submit("Switch off")
    asked = get_page(admin_client, page_of(admin_client, kim).links["Switch on"])
    assert "may sign in again, as operator" in asked.submit("Switch on").notices

    assert not is_in(kims)
    get_page(kims, "/sign-in").submit("Sign in", {"email": EMAIL, "password": factories.PASSWORD})
    assert is_in(kims)
    assert [action for _, action, *_ in told()] == ["switched off", "switched on"]


def test_all_sessions_of_a_person_are_ended_and_of_nobody_else(
    admin_client: Client, kims: Client, kim: Operator
) -> None:
    factories.session(kim)
    page = page_of(admin_client, kim)
    assert len(page.rows) == 2
    page = get_page(admin_client, page.links["End all sessions"]).submit("End all sessions")

    assert "signed out everywhere (2)" in page.notices
    assert "End all sessions" not in page.links
    assert not is_in(kims)
    assert is_in(admin_client)
    assert told() == [("admin@example.com", "sessions ended", EMAIL, None, None)]


def test_one_session_of_a_person_is_ended_and_the_others_go_on(
    admin_client: Client, kims: Client, kim: Operator
) -> None:
    assert is_in(kims)
    lost = sessions.find(factories.session(kim), utc_now())
    assert lost
    path = f"/people/{kim.id}/sessions/{lost.id}/end"
    form = next(f for f in page_of(admin_client, kim).forms if f.action == path)
    page = page_of(admin_client, kim).submit(form)

    assert "That browser is signed out." in page.notices
    assert len(page.rows) == 1
    assert is_in(kims)
    assert "had ended already" in page.submit(form).notices
    assert [action for _, action, *_ in told()] == ["session ended"]


def test_a_second_factor_is_reset_for_who_lost_it(
    admin_client: Client, kims: Client, kim: Operator
) -> None:
    assert "Reset the second factor" not in page_of(admin_client, kim).links
    has_factor(kim)
    asked = get_page(admin_client, page_of(admin_client, kim).links["Reset the second factor"])
    page = asked.submit("Reset the second factor")

    assert "has no second factor now" in page.notices
    assert not second_factor.is_on(kim)
    assert not is_in(kims)
    assert [action for _, action, *_ in told()] == ["second factor reset"]


def test_one_s_own_second_factor_is_not_reset_without_a_code(
    admin_client: Client, admin: Operator
) -> None:
    has_factor(admin)
    assert "Reset the second factor" not in page_of(admin_client, admin).links
    asked = get_page(admin_client, f"/people/{admin.id}/reset-factor")
    assert "under Account, with a code" in asked.submit("Reset the second factor").notices
    assert second_factor.is_on(admin)


def test_one_s_own_right_to_administer_nobody_takes_by_themselves(
    admin_client: Client, admin: Operator
) -> None:
    factories.operator("admin")
    links = page_of(admin_client, admin).links
    assert not {"Give another role", "Switch off"} & links.keys()
    for path, button, typed in (
        ("role", "Give this role", {"role": "manager"}),
        ("switch-off", "Switch off", {}),
    ):
        asked = get_page(admin_client, f"/people/{admin.id}/{path}")
        assert "Another admin can." in asked.submit(button, typed).notices
    assert (admin.role, admin.active) == ("admin", True)


def test_the_last_admin_stays_one(admin: Operator) -> None:
    factories.operator("admin", active=False)
    for act in (
        lambda: service.set_role(SHELL, admin, "viewer", seen=standing(admin)),
        lambda: service.switch_off(SHELL, admin, seen=standing(admin)),
    ):
        with pytest.raises(Refused, match="Nobody but"):
            act()
    assert (admin.role, admin.active) == ("admin", True)


def test_a_role_that_is_none_is_refused(kim: Operator) -> None:
    with pytest.raises(InvalidInput):
        service.set_role(SHELL, kim, "emperor", seen=standing(kim))


def test_who_is_no_admin_any_more_has_invited_nobody(admin: Operator) -> None:
    second = factories.operator("admin")
    factories.invitation(invited_by_id=second.id)
    factories.invitation(invited_by_id=admin.id)
    service.set_role(SHELL, second, "manager", seen=standing(second))

    left = db.session.query(Invitation).filter_by(withdrawn_at=None).all()
    assert [each.invited_by_id for each in left] == [admin.id]


def changing(app: Flask, actor: Actor, person_id: int, act: str) -> bool:
    """One admin's request against another, in a session of its own."""
    try:
        with app.app_context(), transaction():
            person = queries.get_person(person_id)
            if act == "role":
                return service.set_role(actor, person, "manager", seen="admin, on")
            return service.switch_off(actor, person, seen="admin, on")
    except (Refused, TooLate):
        return False


def against_each_other(app: Flask, acts: tuple[str, str], *, at_a_shell: bool) -> list[bool]:
    """Two new admins, of whom each takes the other's right at the same moment."""
    ids = [factories.operator("admin").id for _ in range(2)]
    actors = [SHELL if at_a_shell else Actor("an admin", "web", operator_id=id_) for id_ in ids]
    db.session.commit()
    return in_threads(
        [
            lambda: changing(app, actors[0], ids[1], acts[0]),
            lambda: changing(app, actors[1], ids[0], acts[1]),
        ]
    )


@pytest.mark.parametrize("at_a_shell", [False, True])
@pytest.mark.parametrize("acts", [("role", "role"), ("off", "off"), ("role", "off")])
def test_two_admins_who_demote_each_other_at_once_leave_one(
    app: Flask, acts: tuple[str, str], at_a_shell: bool
) -> None:
    for _ in range(5):
        assert sorted(against_each_other(app, acts, at_a_shell=at_a_shell)) == [False, True]
        db.session.rollback()
        (left,) = queries.locked_admins()
        # For the next round. The service would refuse.
        left.active = False
        db.session.commit()


def test_sessions_of_a_person_are_those_that_are_live(admin_client: Client, kim: Operator) -> None:
    factories.session(kim, now=factories.SOME_DAY)
    assert "In no browser." in page_of(admin_client, kim).text
    factories.session(kim)
    assert len(sessions.list_of(kim.id)) == 1
    assert "A browser" in page_of(admin_client, kim).text
