"""What the service does: one function per use case, each within an open unit of work and a given `now`."""
