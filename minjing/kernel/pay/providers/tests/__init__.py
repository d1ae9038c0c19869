"""Clients and gateways, each against the other and against what others have written."""
