"""Flightdeck: order management for ad operations."""
