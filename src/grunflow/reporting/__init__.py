"""Metrics -> tables, figures and the report. No torch here."""
