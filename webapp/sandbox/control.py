"""The control endpoint, ``/control/``: faults, switches, resets and logs.

Only there with ``--control``. It speaks JSON, asks for no token, and answers 400 with words to
anything it cannot use. The vendor's side is in ``control_vendor``.
"""

from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, request

from webapp.sandbox import control_vendor
from webapp.sandbox.answers import error, json_answer
from webapp.sandbox.control_input import BadRequest, after, counts, read_json, read_object
from webapp.sandbox.faults import FaultError, Rule
from webapp.sandbox.guard import refuse_other_sites
from webapp.sandbox.settings import SettingError
from webapp.sandbox.standin import here
from webapp.sandbox.state import KINDS

blueprint = Blueprint("control", __name__, url_prefix="/control")
SIZES = ("campaigns", "advertisers", "agencies", "seed")

blueprint.before_request(refuse_other_sites)
blueprint.register_blueprint(control_vendor.blueprint)


@blueprint.errorhandler(BadRequest)
@blueprint.errorhandler(FaultError)
@blueprint.errorhandler(SettingError)
def refuse(problem: ValueError) -> Response:
    return error(400, str(problem))


@blueprint.get("/")
def status() -> Response:
    standin = here()
    counts = {kind: standin.state.total(kind) for kind in KINDS}
    faults = len(standin.faults.rules())
    return json_answer(counts | {"organization": standin.state.organization, "faults": faults})


@blueprint.post("/reset")
def reset() -> Response:
    standin = here()
    sizes = counts(read_object(), SIZES)
    chosen: dict[str, Any] = {**sizes, "now_ms": standin.state.now_ms()}
    plan = replace(standin.plan, **chosen)
    if plan.campaigns and not plan.advertisers:
        raise BadRequest("Campaigns need at least one advertiser.")
    standin.reset(plan)
    return status()


@blueprint.get("/settings")
def read_settings() -> Response:
    return json_answer(here().settings.as_dict())


@blueprint.put("/settings")
def change_settings() -> Response:
    return json_answer(here().change_settings(read_object()).as_dict())


# Faults


@blueprint.get("/faults")
def list_faults() -> Response:
    return _faults_answer(here().faults.rules())


@blueprint.post("/faults")
def add_faults() -> Response:
    body = read_json()
    wishes = body if isinstance(body, list) else [body]
    if not all(isinstance(each, dict) for each in wishes):
        raise BadRequest("A fault is an object, several are a list of objects.")
    return _faults_answer(here().faults.add(wishes), 201)


@blueprint.delete("/faults")
def clear_faults() -> Response:
    return json_answer({"cleared": here().faults.clear()})


@blueprint.delete("/faults/<int:number>")
def clear_fault(number: int) -> Response:
    cleared = here().faults.clear(number)
    return json_answer({"cleared": cleared}) if cleared else error(404, f"No fault {number}.")


def _faults_answer(found: list[Rule], code: int = 200) -> Response:
    return json_answer({"faults": [rule.as_dict() for rule in found]}, code)


# Logs


@blueprint.get("/applied-writes")
def list_applied_writes() -> Response:
    return json_answer({"writes": here().state.applied_writes(after())})


@blueprint.get("/requests")
def list_requests() -> Response:
    return json_answer({"requests": [each.as_dict() for each in here().log.after(after())]})


@blueprint.delete("/requests")
def clear_requests() -> Response:
    here().log.clear()
    return json_answer({"requests": []})


@blueprint.route("/<path:rest>", methods=["GET", "POST", "PUT", "DELETE"])
def unknown(rest: str) -> Response:
    return error(404, f"There is no /control/{rest} for {request.method}. See docs/sandbox.md.")
