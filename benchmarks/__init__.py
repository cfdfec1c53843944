"""The performance harness: how fast Flightdeck is, measured on a real instance. See ``results/``.

``python -m benchmarks`` runs all of it; each module but the supporting ones runs by itself too.
"""
