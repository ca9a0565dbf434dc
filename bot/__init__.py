"""The outside: processes, protocols and pages around the use cases."""
