"""Security headers of every answer. Nothing inline, nothing from elsewhere.

``X-Frame-Options`` is not among them: ``frame-ancestors`` says the same to every browser that the
pages work in.
"""

from flask import Flask, Response, current_app, request

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
# The explorer's own styles have small pictures in them.
WITH_PICTURES_IN_STYLES = CONTENT_SECURITY_POLICY.replace("img-src 'self'", "img-src 'self' data:")
UNUSED = (
    "accelerometer",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "serial",
    "usb",
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    # Flask-WTF checks the Referer of a form sent over HTTPS: it must reach us.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{name}=()" for name in UNUSED),
    "X-Robots-Tag": "noindex, nofollow",
}
# Two years, and for what may once be below this name too.
STRICT_TRANSPORT_SECURITY = "max-age=63072000; includeSubDomains"


def init_app(app: Flask) -> None:
    app.after_request(_add_headers)


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    # A proxy that is not counted (TRUSTED_PROXIES) is not believed when it says https.
    if request.is_secure or current_app.config["SESSION_COOKIE_SECURE"]:
        response.headers.setdefault("Strict-Transport-Security", STRICT_TRANSPORT_SECURITY)
    # Pages of a signed-in operator must not come back from a cache after sign-out.
    response.headers.setdefault("Cache-Control", "no-store")
    return response
