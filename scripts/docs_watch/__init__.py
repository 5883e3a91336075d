"""OKX's documentation pages as facts, and what changed between two readings of them."""
