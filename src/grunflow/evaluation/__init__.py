"""Metrics of TOFU, per example and aggregated."""
