"""Campaigns that nothing moves on by itself: what an operator can do about each."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from webapp.auth.access import requires
from webapp.auth.permissions import Permission
from webapp.campaigns import queries as campaigns


def add_to(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/changes/parked/<uuid>", view_func=parked)


@requires(Permission.READ)
def parked(uuid: str) -> ResponseReturnValue:
    campaign = campaigns.get_campaign(uuid)
    return render_template("changes/parked.html", campaign=campaign)
