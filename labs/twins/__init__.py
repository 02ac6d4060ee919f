"""The twins: one room a task, the same model written once in each framework, line for line."""
