"""Tests of the adapters: what they read, what they send, and how they take what platforms do."""
