"""Keeps other web sites out of the page and the control endpoint, which know no login.

A browser on this machine may be showing any site; such a site must neither post here nor, by
pointing its own name at this address, read here.
"""

import re
from ipaddress import ip_address

from flask import Response, request

from webapp.sandbox.answers import TEXT, text_answer

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def refuse_other_sites() -> Response | None:
    """403 unless the request is for this machine and, if it changes things, from this site."""
    if not _is_loopback(request.host):
        return text_answer("This server is reached by a loopback address only.\n", 403, TEXT)
    if request.method not in SAFE_METHODS and _from_elsewhere():
        return text_answer("This came from another site and was not done.\n", 403, TEXT)
    return None


def _is_loopback(host: str) -> bool:
    name = re.sub(r":\d+$", "", host)
    try:
        return name == "localhost" or ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _from_elsewhere() -> bool:
    origin = request.headers.get("Origin")
    site = request.headers.get("Sec-Fetch-Site")
    if origin is not None and origin != request.host_url.rstrip("/"):
        return True
    return site not in (None, "same-origin")
