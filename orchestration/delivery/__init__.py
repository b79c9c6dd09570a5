"""Carrying out what `performance_action` decided. Which message exists is a row of that mart; here is only how."""
