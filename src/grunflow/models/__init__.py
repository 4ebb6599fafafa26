"""Building, loading and addressing the parts of causal language models."""
