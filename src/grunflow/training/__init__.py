"""Optimisation: one loop for fine-tuning and unlearning."""
