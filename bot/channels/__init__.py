"""Adapters, one for each channel: they translate what a platform says and is told, and decide nothing."""
