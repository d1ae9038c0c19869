"""Pages of the doors. Each translates a form into one action and its refusal back into words."""
