"""The run folder is the truth: what was asked, what every trial left, what came out."""
