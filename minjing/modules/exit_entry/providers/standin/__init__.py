"""Stand-ins of what lies outside, for the demo and the tests."""
