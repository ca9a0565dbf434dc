"""The processes around the service: settings, logs, terminal, command line."""
