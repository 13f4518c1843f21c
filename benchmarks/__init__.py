"""Measurements: each module is a command that prints one table, and compares in one run."""
