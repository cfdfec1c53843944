"""How much the tests that search for faults try, and the seed that they draw from.

``make test`` runs the short sizes from a seed that stays, ``make soak`` the long ones from a new
seed each time. ``FLIGHTDECK_SEED`` chooses the seed of either: that replays a failure.
"""

import os
import secrets

SOAK_VARIABLE, SEED_VARIABLE = "FLIGHTDECK_SOAK", "FLIGHTDECK_SEED"
SOAK = os.environ.get(SOAK_VARIABLE, "") not in ("", "0")
SHORT_SEED = 20250415


def _size(short: int, long: int) -> int:
    return long if SOAK else short


# Fault schedules run by the simulation, each in half a second to a second. CONTRIBUTING says why
# not more at once.
SCHEDULES = _size(200, 20_000)
# SIGKILLs at random moments, over both databases together.
KILLS = _size(50, 200)
# Runs of the stateful machine.
STATEFUL = _size(200, 2_000)
# Documents made up for the merge, beside every pattern there is.
DOCUMENTS = _size(500, 20_000)
# Requests drawn for each operation of the API and each kind of caller, beside the edges of each.
EXAMPLES = _size(2, 500)


def agree_on_seed() -> None:
    """Choose the seed once, before processes that run tests beside this one are started."""
    chosen = secrets.randbelow(10**9) if SOAK else SHORT_SEED
    os.environ.setdefault(SEED_VARIABLE, str(chosen))


def seed() -> int:
    return int(os.environ[SEED_VARIABLE])


def replay(test: str) -> str:
    """The line that runs this test again as it was."""
    target = "soak" if SOAK else "test"
    return f"{SEED_VARIABLE}={seed()} make {target} ARGS='{test}'"


def summary() -> str:
    words = "long" if SOAK else "short, as make soak runs the long ones"
    return (
        f"sizes: {words}; seed {seed()}, to replay: "
        f"{SEED_VARIABLE}={seed()} make {'soak' if SOAK else 'test'}"
    )
