"""Whole walks through the running service, against the emulated platforms."""
