"""tools/verify and verifiers that others wrote, on logs in the public layout."""
