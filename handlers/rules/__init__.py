"""Pure rules of the service and the dated data beside them; no I/O but reading that data, no clock."""
