"""Which layer proves which invariant: by the tests named here, and by no other's word."""

SIMULATION = "tests/proof/test_schedules.py::test_every_invariant_holds_after_any_schedule"
MACHINE = "tests/proof/test_stateful.py::test_every_invariant_holds_whatever_is_done"
MUTANTS = "tests/proof/test_mutants.py::test_without_this_rule_the_simulation_fails"
KILL = (
    "tests/kill/test_random_moments.py"
    "::test_whatever_was_saved_arrives_once_however_often_workers_die"
)
MERGE = "tests/proof/test_merge_documents.py::test_nothing_of_ours_is_lost"
STORM = "tests/core/test_ratebudget.py::test_a_pull_ends_within_its_bound_in_any_storm"
LONE_PUSH = (
    "tests/core/test_ratebudget.py::test_a_lone_edit_waits_less_than_two_seconds_while_a_pull_runs"
)
PROCESSES = (
    "tests/sync/test_budget.py"
    "::test_threads_and_processes_keep_to_the_limit_and_a_pull_has_its_floor"
)
RETRIES = (
    "tests/sync/test_breaker.py::test_repeats_are_ten_a_fifth_of_what_succeeds_and_one_a_minute"
)

PROVEN_BY: dict[str, tuple[str, ...]] = {
    "I1": (SIMULATION, MACHINE, MUTANTS, MERGE),
    "I2": (SIMULATION, MACHINE, MUTANTS, KILL),
    "I3": (SIMULATION, MUTANTS),
    "I4": (SIMULATION, MACHINE, MUTANTS),
    "I5": (SIMULATION, MACHINE, MUTANTS),
    "I6": (SIMULATION, MACHINE, MUTANTS),
    "I7": (SIMULATION, MACHINE, MUTANTS, KILL),
    "I8": (SIMULATION, MACHINE, MUTANTS),
    "I9": (SIMULATION, MACHINE, MUTANTS),
    "I10": (SIMULATION, MACHINE, MUTANTS),
    "I11": (SIMULATION, MUTANTS, PROCESSES),
    "I12": (SIMULATION, MUTANTS, RETRIES),
    # No simulated clock shows how long people wait: proven on the rules alone.
    "I13": (STORM, LONE_PUSH),
    "I14": (SIMULATION, MACHINE, MUTANTS),
    "I15": (SIMULATION, MACHINE),
    "I23": (SIMULATION, MACHINE, KILL),
    "I24": (SIMULATION, MACHINE, MUTANTS, KILL),
}
