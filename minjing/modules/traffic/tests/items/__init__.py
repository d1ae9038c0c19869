"""What is given, answered and looked for in each of the 165 services: one table for each class of services."""
