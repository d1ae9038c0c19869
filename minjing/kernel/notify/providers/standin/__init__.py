"""Stand-ins: separate programs for the demo and the tests."""
