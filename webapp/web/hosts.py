"""By which names the pages are reached, and how far proxies in front are believed.

Another name is how a foreign page would get a browser to read from here (DNS rebinding), or have
links written that lead elsewhere. Forwarding headers can be sent by anybody: only as many as there
are proxies, counted from the nearest, say whose request it is.
"""

import structlog
from flask import Flask, current_app, request
from flask.typing import ResponseReturnValue
from werkzeug.middleware.proxy_fix import ProxyFix

from webapp.core.config import Settings
from webapp.core.reached import name_of
from webapp.web import errors

# Asked by whatever watches over this process, which knows it by an address that changes.
PROBES = ("ops.live", "ops.ready")
FIGURES = "metrics.read"
REFUSED = "Flightdeck is not reached by this name. Its names are in the setting ALLOWED_HOSTS."
LONGEST_SHOWN = 100

log = structlog.get_logger()


def init_app(app: Flask, settings: Settings) -> None:
    """Must come before whatever reads the session or a form."""
    app.before_request(_check)
    if settings.trusted_proxies:
        # The Host is passed on as it is, and the scheme is what the nearest proxy says.
        vars(app)["wsgi_app"] = ProxyFix(
            app.wsgi_app, x_for=settings.trusted_proxies, x_proto=1, x_host=0, x_port=0, x_prefix=0
        )


def _check() -> ResponseReturnValue | None:
    settings: Settings = current_app.config["SETTINGS"]
    # Figures are for who has the token, by any name; without one set, a browser here has them too.
    takes_any = (*PROBES, FIGURES) if settings.metrics_token else PROBES
    if request.endpoint in takes_any or name_of(request.host) in settings.hosts:
        return None
    log.warning("host_refused", host=request.headers.get("Host", "")[:LONGEST_SHOWN])
    return errors.answer(400, REFUSED)
