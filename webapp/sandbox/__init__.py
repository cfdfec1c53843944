"""A stand-in for Megaphone's v1 API: its own small process, for practice, tests and `make run`."""
