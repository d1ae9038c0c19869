"""The pages of the workbench, by who opens them."""
