"""What every signed-in page shows around its content: the rail and the freshness banner."""

from flask import Flask

from webapp.auth.access import may


def init_app(app: Flask) -> None:
    app.context_processor(lambda: {"nav_items": list, "may": may, "freshness": None})
