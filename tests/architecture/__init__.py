"""What a linter cannot see of the house's plan."""
