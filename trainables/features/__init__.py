"""Features of a frozen network, computed once for all trials, and what is trained on them."""
