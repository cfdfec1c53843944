"""Run in a fresh process: makes an instance's tables, connection and first operator."""

import json

from tests.support.databases import application
from webapp.core.config import load_settings
from webapp.ops import firststart


def main() -> None:
    settings = load_settings(log_level="WARNING")
    with application(settings):
        firststart.migrate()
        firststart.connect(settings)
        firststart.create_first_operator(settings)
    print(json.dumps({"prepared": True}))


if __name__ == "__main__":
    main()
