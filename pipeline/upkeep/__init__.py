"""Housekeeping: what runs beside the loop, and how far everything is behind."""
