"""The pages of saved views: all of them, saving a list as one, renaming, sharing, deleting."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.audit.actors import web_actor
from webapp.auth.access import operator, requires
from webapp.auth.permissions import Permission
from webapp.core.db import transaction
from webapp.core.errors import InvalidInput, NotFound
from webapp.savedviews import names, queries, record, service, words
from webapp.savedviews.forms import ViewForm
from webapp.savedviews.queries import Seen
from webapp.savedviews.service import NotYours, Overtaken
from webapp.savedviews.shipped import SHIPPED
from webapp.web.lists import list_url

BOTH = ("GET", "POST")

blueprint = Blueprint("savedviews", __name__)


@blueprint.get("/views")
@requires(Permission.READ)
def index() -> str:
    who = operator()
    return render_template(
        "savedviews/index.html",
        shipped=SHIPPED.values(),
        views=queries.seen_by(who),
        home=who.home_view or "all",
        address=address,
    )


@blueprint.route("/views/new", methods=BOTH)
@requires(Permission.READ, keeps_typed=True)
def new() -> ResponseReturnValue:
    """A list, as its address says it, under a name."""
    arguments = service.read_arguments(request.args.get("list", ""))
    form = ViewForm()
    if form.validate_on_submit():
        try:
            with transaction():
                view = service.save_as(
                    web_actor(),
                    operator(),
                    form.name.data or "",
                    arguments,
                    is_shared=form.is_shared.data,
                )
                key = str(view.uuid)
        except InvalidInput as problem:
            form.add_errors(problem.fields, {})
        else:
            flash(f"Saved as “{form.name.data}”.", "ok")
            return redirect(address(key, arguments))
    page = render_template("savedviews/new.html", form=form, back=address("", arguments))
    return page, 422 if form.errors else 200


@blueprint.post("/views/<view_uuid>/save")
@requires(Permission.READ)
def save(view_uuid: str) -> ResponseReturnValue:
    arguments = service.read_arguments(request.form.get("list", ""))
    seen = queries.get_seen(view_uuid, operator())
    try:
        with transaction():
            service.save_over(web_actor(), seen, arguments, request.form.get("drawn", ""))
    except NotYours as problem:
        flash(str(problem), "warn")
    except Overtaken:
        return _both(queries.get_seen(view_uuid, operator()), arguments)
    else:
        flash(f"“{queries.get_seen(view_uuid, operator()).view.name}” is saved as it is now.", "ok")
    return redirect(address(view_uuid, arguments))


def _both(seen: Seen, arguments: Mapping[str, str]) -> ResponseReturnValue:
    """The view as somebody saved it meanwhile, beside what was to be saved."""
    page = render_template(
        "savedviews/overtaken.html",
        seen=seen,
        last=record.last_change(seen.view),
        differences=words.differences(seen.view.arguments, arguments),
        there=address(seen.key, seen.view.arguments),
        here=address(seen.key, arguments),
        asked=urlencode(arguments),
    )
    return page, 409


@blueprint.route("/views/<view_uuid>", methods=BOTH)
@requires(Permission.READ, keeps_typed=True)
def edit(view_uuid: str) -> ResponseReturnValue:
    seen = queries.get_seen(view_uuid, operator())
    form = ViewForm(seen.view)
    overtaken = False
    if form.validate_on_submit():
        try:
            with transaction():
                _rename(seen, form)
        except InvalidInput as problem:
            form.add_errors(problem.fields, {})
        except Overtaken:
            overtaken = True
        except NotYours as problem:
            flash(str(problem), "warn")
            return redirect(url_for("savedviews.index"))
        else:
            flash("Saved.", "ok")
            return redirect(url_for("savedviews.index"))
    return _edit_page(view_uuid, form, overtaken=overtaken)


def _rename(seen: Seen, form: ViewForm) -> None:
    name, drawn = form.name.data or "", form.mark.data or ""
    service.rename(web_actor(), operator(), seen, name, drawn, is_shared=form.is_shared.data)


def _edit_page(view_uuid: str, form: ViewForm, *, overtaken: bool) -> ResponseReturnValue:
    """The form as it was filled in; ``overtaken``, beside the view as somebody saved it."""
    seen = queries.get_seen(view_uuid, operator())
    if overtaken:
        form.mark.data = seen.view.mark
    page = render_template(
        "savedviews/edit.html",
        form=form,
        seen=seen,
        overtaken=overtaken,
        last=record.last_change(seen.view) if overtaken else None,
        finds=words.in_words(seen.view.arguments),
        there=address(seen.key, seen.view.arguments),
    )
    return page, 409 if overtaken else 422 if form.errors else 200


@blueprint.route("/views/<view_uuid>/remove", methods=BOTH)
@requires(Permission.READ)
def delete(view_uuid: str) -> ResponseReturnValue:
    seen = queries.get_seen(view_uuid, operator())
    name = seen.view.name
    if request.method == "GET":
        return _delete_page(seen)
    try:
        with transaction():
            service.delete(web_actor(), seen, request.form.get("drawn", ""))
    except NotYours as problem:
        flash(str(problem), "warn")
    except Overtaken:
        return _delete_page(queries.get_seen(view_uuid, operator()), overtaken=True)
    else:
        flash(f"“{name}” is deleted. No campaign changed.", "ok")
    return redirect(url_for("savedviews.index"))


def _delete_page(seen: Seen, *, overtaken: bool = False) -> ResponseReturnValue:
    """``overtaken``: with what somebody changed since the page was drawn that was answered."""
    view = seen.view
    now = words.state(view.name, view.arguments, is_shared=view.is_shared)
    opened = dict(parse_qsl(request.form.get("opened", "")))
    page = render_template(
        "savedviews/delete.html",
        seen=seen,
        opened=urlencode(now),
        overtaken=overtaken,
        last=record.last_change(view) if overtaken else None,
        differences=words.differences(now, opened) if overtaken else (),
        there=address(seen.key, view.arguments),
    )
    return page, 409 if overtaken else 200


@blueprint.post("/views/home")
@requires(Permission.READ)
def home() -> ResponseReturnValue:
    """What the list opens with from now on."""
    try:
        key = names.tidy(request.form.get("view", ""))
    except ValueError:
        raise NotFound("There is no such view.") from None
    if key not in SHIPPED:
        queries.get_seen(key, operator())
    with transaction():
        service.set_home(web_actor(), operator(), None if key == "all" else key)
    flash("The list opens with this view from now on.", "ok")
    return redirect(url_for("savedviews.index"))


def address(key: str, arguments: Mapping[str, str]) -> str:
    """The list of campaigns as a view has it."""
    return list_url("campaigns.index", {**arguments, "view": key or None})
