"""Records, prompts and batches; the generated world of the tiny study."""
