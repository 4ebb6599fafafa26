"""Metrics -> tables, figures and the report, of whatever benchmarks and methods a study has. No torch here."""
