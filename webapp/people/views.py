"""The pages of people: all of them, one of them, and what each role may.

What is done there lives in ``change_views``, inviting in ``invitation_views`` and joining in
``join_views``.
"""

from flask import Blueprint, render_template, url_for

from webapp.audit import entries
from webapp.auth import passwords, second_factor, sessions
from webapp.auth.access import may, operator, requires
from webapp.auth.permissions import ROLES, Permission
from webapp.core.clock import utc_now
from webapp.people import (
    agents,
    change_views,
    invitation_views,
    join_views,
    listing,
    queries,
    words,
)
from webapp.web import htmx
from webapp.web.lists import list_params

BOTH = ("GET", "POST")
PERSON = "/people/<int(max=2147483647):person_id>"
SESSION = f"{PERSON}/sessions/<int(max=2147483647):session_id>/end"
INVITATION = "/people/invitations/<int(max=2147483647):invitation_id>"

blueprint = Blueprint("people", __name__)
blueprint.add_url_rule("/people/invite", view_func=invitation_views.invite, methods=BOTH)
blueprint.add_url_rule(f"{INVITATION}/withdraw", view_func=invitation_views.withdraw, methods=BOTH)
blueprint.add_url_rule(f"{PERSON}/role", view_func=change_views.role, methods=BOTH)
blueprint.add_url_rule(f"{PERSON}/switch-off", view_func=change_views.switch_off, methods=BOTH)
blueprint.add_url_rule(f"{PERSON}/switch-on", view_func=change_views.switch_on, methods=BOTH)
blueprint.add_url_rule(f"{PERSON}/end-sessions", view_func=change_views.end_sessions, methods=BOTH)
blueprint.add_url_rule(SESSION, view_func=change_views.end_session, methods=["POST"])
blueprint.add_url_rule(f"{PERSON}/reset-factor", view_func=change_views.reset_factor, methods=BOTH)
blueprint.add_url_rule("/join/<secret>", view_func=join_views.join, methods=BOTH)


@blueprint.get("/people")
@requires(Permission.ADMINISTER)
def index() -> str:
    now, is_fragment = utc_now(), htmx.wants_fragment()
    params = list_params(listing.PEOPLE)
    return render_template(
        "people/_results.html" if is_fragment else "people/index.html",
        params=params,
        page=listing.list_people(params, now),
        has_factor=second_factor.is_on,
        roles=[(role, role.capitalize()) for role in ROLES],
        states=listing.STATES,
        me=operator().id,
        invitations=() if is_fragment else queries.open_invitations(now),
    )


@blueprint.get(PERSON)
@requires(Permission.ADMINISTER)
def show(person_id: int) -> str:
    now = utc_now()
    person = queries.get_person(person_id)
    return render_template(
        "people/show.html",
        person=person,
        is_me=person.id == operator().id,
        role_words=words.ROLE_WORDS[person.role],
        has_factor=second_factor.is_on(person),
        has_password=person.password_hash != passwords.NONE,
        sessions=sessions.list_of(person.id),
        browser=agents.browser,
        tokens=queries.live_tokens(person.id, now),
    )


@blueprint.get("/people/roles")
@requires(Permission.READ)
def roles() -> str:
    return render_template(
        "people/roles.html", roles=words.ROLE_WORDS, rows=words.matrix(), mine=operator().role
    )


def _links(ids: set[int]) -> dict[int, str]:
    """People have pages for those who administer them."""
    if not may(Permission.ADMINISTER):
        return {}
    return {id_: url_for("people.show", person_id=id_) for id_ in ids}


entries.link_objects("operator", _links)
