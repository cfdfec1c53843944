"""What an admin does about one person. Each is asked about once more, and said when done."""

from collections.abc import Callable

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from webapp.audit.actors import web_actor
from webapp.auth import sessions
from webapp.auth.access import operator, requires
from webapp.auth.models import Operator
from webapp.auth.permissions import Permission
from webapp.core.db import transaction
from webapp.core.errors import TooLate
from webapp.people import account, factor, queries, service, words
from webapp.people.admins import Refused
from webapp.people.forms import RoleForm, SureForm

# Does it, and gives the words for having done so.
Act = Callable[[Operator], str]


@requires(Permission.ADMINISTER, keeps_typed=True, fresh=True)
def role(person_id: int) -> ResponseReturnValue:
    person = queries.get_person(person_id)
    form = RoleForm()
    if form.validate_on_submit():
        wanted, seen = form.role.data, form.seen.data or ""

        def act(person: Operator) -> str:
            if not service.set_role(web_actor(), person, wanted, seen=seen):
                return f"{person.email} is {wanted} already; nothing changed."
            return f"{person.email} is {wanted} now, and signs in anew."

        return _done(person, act)
    form.role.data = form.role.data or person.role
    # Sent before, it stays what it was: what changed since is to be noticed.
    form.seen.data = form.seen.data or words.standing(person)
    page = render_template(
        "people/role.html", form=form, person=person, is_me=person.id == operator().id
    )
    return page, 422 if form.errors else 200


@requires(Permission.ADMINISTER, keeps_typed=True, fresh=True)
def switch_off(person_id: int) -> ResponseReturnValue:
    def act(person: Operator) -> str:
        service.switch_off(web_actor(), person, seen=form.seen.data or "")
        return f"{person.email} is switched off: nobody signs in as them, no token of theirs works."

    form = SureForm()
    return _asked(person_id, form, "people/switch_off.html", act)


@requires(Permission.ADMINISTER, keeps_typed=True, fresh=True)
def switch_on(person_id: int) -> ResponseReturnValue:
    def act(person: Operator) -> str:
        service.switch_on(web_actor(), person, seen=form.seen.data or "")
        return f"{person.email} may sign in again, as {person.role}."

    form = SureForm()
    return _asked(person_id, form, "people/switch_on.html", act)


@requires(Permission.ADMINISTER, keeps_typed=True, fresh=True)
def end_sessions(person_id: int) -> ResponseReturnValue:
    def act(person: Operator) -> str:
        ended = service.end_sessions(web_actor(), person)
        return f"{person.email} is signed out everywhere ({ended})."

    return _asked(person_id, SureForm(), "people/end_sessions.html", act)


@requires(Permission.ADMINISTER)
def end_session(person_id: int, session_id: int) -> ResponseReturnValue:
    """One of them, without being asked: whoever it is signs in anew."""

    def act(person: Operator) -> str:
        ended = account.end_session(web_actor(), person, session_id)
        return "That browser is signed out." if ended else "That session had ended already."

    return _done(queries.get_person(person_id), act)


@requires(Permission.ADMINISTER, keeps_typed=True, fresh=True)
def reset_factor(person_id: int) -> ResponseReturnValue:
    def act(person: Operator) -> str:
        if person.id == operator().id:
            raise Refused("Your own second factor you change under Account, with a code.")
        factor.reset(web_actor(), person)
        return f"{person.email} has no second factor now, and signs in anew."

    return _asked(person_id, SureForm(), "people/reset_factor.html", act)


def _asked(person_id: int, form: SureForm, template: str, act: Act) -> ResponseReturnValue:
    person = queries.get_person(person_id)
    if form.validate_on_submit():
        return _done(person, act)
    # Sent before, it stays what it was: what changed since is to be noticed.
    form.seen.data = form.seen.data or words.standing(person)
    return render_template(
        template,
        form=form,
        person=person,
        is_me=person.id == operator().id,
        live=len(sessions.list_of(person.id)),
    )


def _done(person: Operator, act: Act) -> ResponseReturnValue:
    """Do it and say how it went. What came too late, or may not be, is said in its words."""
    person_id = person.id
    try:
        with transaction():
            message = act(person)
    except (Refused, TooLate) as problem:
        flash(str(problem), "warn")
    else:
        flash(message, "ok")
    return redirect(url_for("people.show", person_id=person_id))
