"""A large house: a million campaigns and ten million events, kept in a folder and measured there.

``python -m benchmarks.scale seed --keep FOLDER`` fills it once, ``measure`` measures what is there.
"""

import argparse
import json
from pathlib import Path

from benchmarks.scale_instance import kept_instance
from benchmarks.scale_measure import PARTS, measure

CAMPAIGNS, EVENTS, DAYS = 1_000_000, 10_000_000, 430
SEEDED = "seeded.json"


def main() -> None:
    wish = _command_line()
    if wish.what == "seed":
        seed(wish)
        return
    file = wish.keep / SEEDED
    if not file.exists():
        raise SystemExit(f"{wish.keep} was not filled: begin with seed.")
    campaigns = json.loads(file.read_text(encoding="utf-8"))["campaigns"]
    with kept_instance(wish.keep, campaigns, on_sqlite=wish.sqlite) as made:
        measure(made, wish.only, wish.repeats)


def seed(wish: argparse.Namespace) -> None:
    """Fill the instance of a folder, or go on with it."""
    with kept_instance(wish.keep, wish.campaigns, on_sqlite=wish.sqlite) as made:
        numbers = (str(wish.campaigns), str(wish.events), str(wish.days))
        told = made.run("benchmarks.scale_seed", *numbers)
    file = wish.keep / SEEDED
    earlier = json.loads(file.read_text(encoding="utf-8"))["seconds"] if file.exists() else {}
    # A part that was there already took no time.
    told["seconds"] |= {name: max(s, told["seconds"][name]) for name, s in earlier.items()}
    text = json.dumps(told, indent=2)
    file.write_text(text + "\n", encoding="utf-8")
    print(text)


def _command_line() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("seed", "measure"))
    parser.add_argument("--keep", type=Path, metavar="FOLDER", required=True)
    parser.add_argument("--sqlite", action="store_true", help="instead of PostgreSQL")
    parser.add_argument("--campaigns", type=int, default=CAMPAIGNS)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--days", type=int, default=DAYS, help="over how many days they are spread")
    parser.add_argument("--repeats", type=int, default=40, help="requests of each kind")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
