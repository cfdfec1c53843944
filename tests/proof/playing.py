"""Playing schedules in tests, and telling what went wrong in one of them."""

from collections.abc import Iterable

from tests.proof.schedule import Outcome, run
from tests.proof.stage import Stage
from tests.support import sizes

CHOSEN = "tests/proof/test_schedules.py::test_the_schedule_of_the_chosen_seed"


def tell(outcome: Outcome) -> str:
    """All that is needed to understand a failure, and to see it again."""
    replay = f"{sizes.SEED_VARIABLE}={outcome.seed} make test ARGS={CHOSEN}"
    return "\n".join(
        [f"schedule {outcome.seed}", *outcome.trace, "", *outcome.violations, f"replay: {replay}"]
    )


def play(stage: Stage, seeds: Iterable[int]) -> str | None:
    """Play these schedules; the first failure, told, or ``None`` when every invariant held."""
    for seed in seeds:
        outcome = run(stage, seed)
        if outcome.violations:
            return tell(outcome)
    return None
