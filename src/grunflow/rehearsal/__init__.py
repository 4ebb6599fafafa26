"""A study's rehearsal: its own rules and keys, with random narrow models and made-up texts where it would ask a hub, few rows and
steps, one cell of each kind (commands/rehearse.py)."""
